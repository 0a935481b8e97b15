#include "infer/expert/expert.h"

#include "infer/expert/expert_file.h"

Status expert_open(Expert *e, const char *dir, const Modules *modules, Error *err) {
  PeftType kind;
  *e = (Expert){0};
  TRY(expert_kind_at(dir, &kind, err));
  return kind == PEFT_IA3 ? ia3_open(&e->ia3, dir, modules, err)
                          : lora_open(&e->lora, dir, modules, err);
}

void expert_close(Expert *e) {
  lora_close(e->lora);
  ia3_close(e->ia3);
  *e = (Expert){0};
}

PeftType expert_kind(const Expert *e) {
  return e->ia3 ? PEFT_IA3 : PEFT_LORA;
}

bool expert_covers(const Expert *e, int module) {
  return e->ia3 ? ia3_covers(e->ia3->vector, module) : lora_covers(e->lora->factor, module);
}

const char *expert_fingerprint(const Expert *e) {
  return e->ia3 ? e->ia3->fingerprint : e->lora->fingerprint;
}

Status expert_hash(const Expert *e, const Modules *modules, char hex[HASH_HEX], Error *err) {
  return e->ia3 ? ia3_fingerprint(e->ia3, modules, hex, err)
                : lora_fingerprint(e->lora, modules, hex, err);
}

Status expert_adapters(const Expert *e, AdapterSet *set, Error *err) {
  return e->ia3 ? ia3_adapters(e->ia3, set, err) : lora_adapters(e->lora, set, err);
}

#include "infer/expert/expert_file.h"

Status expert_kind_at(const char *path, PeftType *kind, Error *err) {
  *kind = PEFT_IA3;
  return ia3_is_checkpoint(path) ? STATUS_OK : peft_config_kind(path, kind, err);
}

Status expert_file_open(ExpertFile *f, const char *dir, const Modules *modules, Error *err) {
  *f = (ExpertFile){0};
  TRY(expert_kind_at(dir, &f->kind, err));
  return f->kind == PEFT_IA3 ? ia3_file_open(&f->ia3, dir, modules, err)
                             : lora_file_open(&f->lora, dir, modules, err);
}

void expert_file_close(ExpertFile *f) {
  lora_file_close(&f->lora);
  ia3_file_close(&f->ia3);
  *f = (ExpertFile){0};
}

bool expert_file_covers(const ExpertFile *f, int module) {
  return f->kind == PEFT_IA3 ? ia3_covers(f->ia3.vector, module)
                             : lora_covers(f->lora.factor, module);
}

int expert_file_covered(const ExpertFile *f) {
  return f->kind == PEFT_IA3 ? f->ia3.covered : f->lora.covered;
}

const char *expert_file_path(const ExpertFile *f) {
  return f->kind == PEFT_IA3 ? f->ia3.path : f->lora.path;
}

Status expert_file_unchanged(const ExpertFile *f, Error *err) {
  return weights_unchanged(f->kind == PEFT_IA3 ? f->ia3.weights : f->lora.weights, err);
}

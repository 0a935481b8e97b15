#include "train/foundation.h"

#include <string.h>

Status foundation_open(Foundation *f, const char *base, const char *expert, Error *err) {
  *f = (Foundation){0};
  TRY(base_open(&f->base, base, err));
  TRY(t5_fingerprint(f->base.model, f->base_hash, err));
  if (!expert) return STATUS_OK;
  TRY(expert_open(&f->expert, expert, &f->base.model->modules, err));
  memcpy(f->expert_hash, expert_fingerprint(&f->expert), HASH_HEX);
  return STATUS_OK;
}

void foundation_close(Foundation *f) {
  expert_close(&f->expert);
  base_close(&f->base);
  *f = (Foundation){0};
}

static Status check_same(const char *what, const char *before, const char *after, Error *err) {
  if (strcmp(before, after) == 0) return STATUS_OK;
  return error_set(
      err, STATUS_RUN,
      "the frozen %s changed during the run (fingerprint %.12s, now %.12s); the result "
      "was not written",
      what, before, after);
}

Status foundation_check(const Foundation *f, Error *err) {
  char hash[HASH_HEX];
  if (*f->base_hash) {
    TRY(t5_hash(f->base.model, hash, err));
    TRY(check_same("base", f->base_hash, hash, err));
  }
  if (f->expert.lora || f->expert.ia3) {
    TRY(expert_hash(&f->expert, &f->base.model->modules, hash, err));
    TRY(check_same("expert", f->expert_hash, hash, err));
  }
  return STATUS_OK;
}

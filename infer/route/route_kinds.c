#include "infer/route/route_kinds.h"

Status route_require_loras(const Pool *pool, const char *router, Error *err) {
  for (int i = 0; i < pool_count(pool); i++) {
    if (pool_kind(pool, i) == PEFT_LORA) continue;
    return error_set(err, STATUS_MISMATCH,
                     "%s: router %s works on the factors of LoRAs, and the expert '%s' is an %s; "
                     "leave it out with `only`, or take another router",
                     pool_dir(pool), router, pool_entry(pool, i)->name,
                     peft_type_title(pool_kind(pool, i)));
  }
  return STATUS_OK;
}

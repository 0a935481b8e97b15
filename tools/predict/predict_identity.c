#include "tools/predict/predict_identity.h"

#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/version.h"
#include "data/file/file.h"
#include "infer/eval/eval_identity.h"
#include "infer/route/route_global.h"
#include "infer/route/router_options.h"

enum { VERSION = 1 }; /* of what is hashed, in which order, and of how lines look */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the identity of the output");
}

static void add_number(Hash *hash, double x) {
  char text[40];
  snprintf(text, sizeof text, "%.17g", x);
  hash_add_string(hash, text);
}

static void add_settings(Hash *hash, const PredictParts *p, const PredictOptions *o) {
  const PredictSettings *s = &p->settings;
  const ItemKeys *keys = &o->keys;
  const double number[] = {VERSION,
                           o->generates,
                           (double)s->max_input,
                           (double)s->max_target,
                           (double)s->max_output,
                           s->beams,
                           s->length_penalty,
                           o->bbh,
                           keys->choices_from_targets,
                           o->no_generation_config};
  const char *text[] = {o->task,       o->instruction, keys->input,       keys->target,
                        keys->choices, keys->label,    keys->instruction, items_hash(p->items)};
  for (size_t i = 0; i < sizeof number / sizeof *number; i++) add_number(hash, number[i]);
  for (size_t i = 0; i < sizeof text / sizeof *text; i++)
    hash_add_string(hash, text[i] ? text[i] : "");
}

static Status add_program(Hash *hash, PredictParts *p, Error *err) {
  char hex[HASH_HEX];
  TRY(eval_program_identity(version_text(), kernels_default(), p->settings.precision, hex, err));
  hash_add_string(hash, hex);
  TRY(base_sample(&p->base, err));
  TRY(eval_base_identity(&p->base, hex, err));
  hash_add_string(hash, hex);
  if (!p->generation.path || !file_exists(p->generation.path)) return STATUS_OK;
  TRY(hash_file(p->generation.path, hex, err));
  hash_add_string(hash, hex);
  return STATUS_OK;
}

static Status add_pool(Hash *hash, const PredictParts *p, Error *err) {
  if (!p->pool) return STATUS_OK;
  const PoolManifest *m = pool_manifest(p->pool);
  for (int i = 0; i < m->count; i++) eval_hash_expert(hash, &m->entry[i], true);
  char *record = options_record(&p->router_set);
  if (!record) return no_memory(err);
  hash_add_string(hash, record);
  free(record);
  TRY(eval_hash_calibration(hash, &p->router_settings, err));
  if (!(router_method(&p->router_settings)->reads & READS_INSTRUCTIONS)) return STATUS_OK;
  return eval_hash_embedder(hash, p->pool, router_own(&p->router_settings, &global_settings), err);
}

Status predict_identity(PredictParts *p, const PredictOptions *o, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  add_settings(hash, p, o);
  Status status = add_program(hash, p, err);
  if (status == STATUS_OK) status = add_pool(hash, p, err);
  hash_finish(hash, hex);
  return status;
}

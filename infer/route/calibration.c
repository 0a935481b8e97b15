#include "infer/route/calibration.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/safetensors.h"
#include "data/tensors/weights.h"

#define FORMAT  "skein-calibration"
#define VERSION "1"

static const Option OPTION[] = {
    {"calibration", OPTION_PATH, offsetof(CalibrationSettings, file), NULL, 0, 0, NULL, false,
     "file of skein calibrate: scores become deviations from each expert's own mean"},
};
const SettingsGroup calibration_settings = {OPTION, 1, sizeof(CalibrationSettings)};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a calibration");
}

/* What a name of the file is made of, in a new string; NULL when out of memory. */
static char *joined(const char *a, const char *b) {
  char *text;
  return asprintf(&text, "%s.%s", a, b) < 0 ? NULL : text;
}

/* ---- reading ---- */

static Status meta_is(const Weights *w, const char *key, const char *want, Status otherwise,
                      const char *what, Error *err) {
  const char *value = weights_meta(w, key);
  if (value && strcmp(value, want) == 0) return STATUS_OK;
  if (!value)
    return error_set(err, STATUS_INPUT,
                     "%s: __metadata__: %s: is missing; not a file of skein calibrate?",
                     weights_path(w), key);
  return error_set(err, otherwise, "%s: __metadata__: %s: is \"%.80s\", want \"%s\"%s",
                   weights_path(w), key, value, want, what);
}

static Status check_expert(const Weights *w, const PoolEntry *entry, PoolFile file, Error *err) {
  char *key = joined("file", entry->name);
  if (!key) return no_memory(err);
  const char *value = weights_meta(w, key);
  free(key);
  if (value && strcmp(value, entry->hash[file]) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH, "%s: expert '%s': %s; run `skein calibrate` again",
                   weights_path(w), entry->name,
                   value ? "its file is another than was measured" : "is not in it");
}

/* It is divided by: one so small that there is no inverse is none. */
static bool is_deviation(float x) {
  return x == 0 || (x > 0 && isfinite(x) && isfinite(1 / x));
}

/* One of the two tensors of an expert, into every `experts`-th place of `to`. */
static Status read_numbers(Weights *w, const char *expert, const char *what, int experts,
                           int modules, float *to, Error *err) {
  Tensor t;
  const bool deviation = strcmp(what, "deviation") == 0;
  char *name = joined(expert, what);
  if (!name) return no_memory(err);
  Status status = weights_get(w, name, 1, modules, &t, err);
  float *number = malloc((size_t)modules * sizeof *number);
  if (status == STATUS_OK && !number) status = no_memory(err);
  if (status == STATUS_OK) dtype_widen(number, t.store, t.dtype, (size_t)modules);
  for (int m = 0; m < modules && status == STATUS_OK; m++) {
    to[(int64_t)m * experts] = number[m];
    if (!(deviation ? is_deviation(number[m]) : isfinite(number[m])))
      status = error_set(err, STATUS_INPUT, "%s: %s: [%d]: is %g, want %s", weights_path(w), name,
                         m, (double)number[m],
                         deviation ? "0, or a number above that divides" : "a number");
  }
  free(number);
  free(name);
  return status;
}

static Status read_expert(Calibration *c, Weights *w, const PoolEntry *entry, int expert,
                          Error *err) {
  TRY(read_numbers(w, entry->name, "mean", c->experts, c->modules, c->mean + expert, err));
  TRY(read_numbers(w, entry->name, "deviation", c->experts, c->modules, c->factor + expert, err));
  for (int64_t m = 0; m < c->modules; m++) {
    float *factor = &c->factor[m * c->experts + expert];
    *factor = *factor > 0 ? 1 / *factor : 0;
  }
  return STATUS_OK;
}

static Status read_file(Calibration *c, Weights *w, const Pool *pool, const ScoreKind *scores,
                        Error *err) {
  TRY(meta_is(w, "format", FORMAT, STATUS_INPUT, "", err));
  TRY(meta_is(w, "version", VERSION, STATUS_INPUT, "", err));
  TRY(meta_is(w, "scores", scores->name, STATUS_MISMATCH,
              ", the scores of this router; run `skein calibrate` with it", err));
  TRY(meta_is(w, "base", pool_manifest(pool)->base, STATUS_MISMATCH, ", the pool's base", err));
  for (int i = 0; i < c->experts; i++) {
    TRY(check_expert(w, pool_entry(pool, i), scores->file, err));
    TRY(read_expert(c, w, pool_entry(pool, i), i, err));
  }
  return STATUS_OK;
}

Status calibration_open(Calibration **out, const RouterSettings *s, const Pool *pool,
                        const ScoreKind *scores, Error *err) {
  const CalibrationSettings *own = router_own(s, &calibration_settings);
  *out = NULL;
  if (!own->file) return STATUS_OK;
  Calibration *c = *out = calloc(1, sizeof *c);
  if (!c) return no_memory(err);
  c->experts = pool_count(pool);
  c->modules = pool_modules(pool)->count;
  size_t cells = (size_t)c->experts * (size_t)c->modules;
  c->mean = calloc(cells, sizeof *c->mean);
  c->factor = calloc(cells, sizeof *c->factor);
  Weights *w = NULL;
  Status status = c->mean && c->factor ? weights_open(&w, own->file, err) : no_memory(err);
  if (status == STATUS_OK) status = read_file(c, w, pool, scores, err);
  weights_close(w);
  if (status == STATUS_OK) return STATUS_OK;
  calibration_close(c);
  *out = NULL;
  return status;
}

void calibration_close(Calibration *c) {
  if (!c) return;
  free(c->mean);
  free(c->factor);
  free(c);
}

/* ---- writing ---- */

enum { META_FIXED = 6 };

/* Items and texts of a file; their names are owned. */
typedef struct Writing {
  SafetensorsItem *item; /* [2 * experts] */
  TensorMeta *meta;      /* [META_FIXED + experts] */
  int experts;
} Writing;

static void writing_free(Writing *w) {
  for (int i = 0; w->item && i < 2 * w->experts; i++) free((char *)(uintptr_t)w->item[i].name);
  for (int i = 0; w->meta && i < w->experts; i++) free(w->meta[META_FIXED + i].key);
  free(w->item);
  free(w->meta);
}

static Status add_experts(Writing *w, const CalibrationMade *made, Error *err) {
  const int modules = pool_modules(made->pool)->count;
  for (int i = 0; i < w->experts; i++) {
    const PoolEntry *entry = pool_entry(made->pool, i);
    const int64_t at = (int64_t)i * modules;
    const char *hash = entry->hash[made->scores->file];
    w->item[2 * i] = (SafetensorsItem){
        joined(entry->name, "mean"), DTYPE_F32, made->mean + at, 1, modules, true};
    w->item[2 * i + 1] = (SafetensorsItem){
        joined(entry->name, "deviation"), DTYPE_F32, made->deviation + at, 1, modules, true};
    w->meta[META_FIXED + i] = (TensorMeta){joined("file", entry->name), (char *)(uintptr_t)hash};
    if (!w->item[2 * i].name || !w->item[2 * i + 1].name || !w->meta[META_FIXED + i].key)
      return no_memory(err);
  }
  return STATUS_OK;
}

Status calibration_write(const CalibrationMade *made, const char *path, Error *err) {
  char items[24];
  Writing w = {.experts = pool_count(made->pool)};
  const size_t experts = (size_t)w.experts;
  snprintf(items, sizeof items, "%" PRId64, made->items);
  w.item = calloc(2 * experts, sizeof *w.item);
  w.meta = calloc(META_FIXED + experts, sizeof *w.meta);
  Status status = w.item && w.meta ? add_experts(&w, made, err) : no_memory(err);
  if (status == STATUS_OK) {
    const TensorMeta fixed[META_FIXED] = {
        {"format", FORMAT},
        {"version", VERSION},
        {"base", (char *)(uintptr_t)pool_manifest(made->pool)->base},
        {"scores", (char *)(uintptr_t)made->scores->name},
        {"data", (char *)(uintptr_t)made->data},
        {"items", items}};
    memcpy(w.meta, fixed, sizeof fixed);
    status = safetensors_write(path, w.item, 2 * experts, w.meta, META_FIXED + experts, err);
  }
  writing_free(&w);
  return status;
}

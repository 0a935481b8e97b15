#include "infer/sentence/pooling.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const NAMES[POOLING_MODES] = {
    "cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"};
static const char *const SWITCHES[POOLING_MODES] = {
    "pooling_mode_cls_token",           "pooling_mode_max_tokens",
    "pooling_mode_mean_tokens",         "pooling_mode_mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"};

const Pooling POOLING_DEFAULT = {{POOLING_MEAN}, 1, true};

/* Reading. */

static Status add_named(Pooling *p, const JsonDoc *doc, const json_t *name, Error *err) {
  const char *text = json_string_value(name);
  for (int i = 0; text && i < POOLING_MODES && p->modes < POOLING_MODES; i++) {
    if (strcmp(text, NAMES[i]) != 0) continue;
    p->mode[p->modes++] = (PoolingMode)i;
    return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT,
                   "%s: pooling_mode: '%.40s' is not computed; computed are cls, max, mean, "
                   "mean_sqrt_len_tokens, weightedmean, lasttoken, at most six",
                   doc->file, text ? text : json_kind(name));
}

static Status read_switches(Pooling *p, const JsonDoc *doc, Error *err) {
  for (int i = 0; i < POOLING_MODES; i++) {
    bool on = false;
    if (json_has(doc, SWITCHES[i])) TRY(json_get_bool(doc, SWITCHES[i], &on, err));
    if (on) p->mode[p->modes++] = (PoolingMode)i;
  }
  return STATUS_OK;
}

/* A switch of a kind that is not known would be one that nobody turned. */
static Status check_switches(const JsonDoc *doc, Error *err) {
  static const char BEGIN[] = "pooling_mode_";
  const char *key;
  json_t *value;
  json_object_foreach(doc->root, key, value) {
    int i = 0;
    if (strncmp(key, BEGIN, sizeof BEGIN - 1) != 0 || json_is_false(value)) continue;
    while (i < POOLING_MODES && strcmp(key, SWITCHES[i]) != 0) i++;
    if (i == POOLING_MODES) {
      return error_set(err, STATUS_INPUT, "%s: %.60s: this kind of pooling is not known", doc->file,
                       key);
    }
  }
  return STATUS_OK;
}

static Status read_modes(Pooling *p, const JsonDoc *doc, Error *err) {
  const json_t *mode = json_object_get(doc->root, "pooling_mode");
  if (!mode || json_is_null(mode)) return read_switches(p, doc, err);
  if (!json_is_array(mode)) return add_named(p, doc, mode, err);
  for (size_t i = 0; i < json_array_size(mode); i++)
    TRY(add_named(p, doc, json_array_get(mode, i), err));
  return STATUS_OK;
}

static Status check_width(const JsonDoc *doc, int64_t width, Error *err) {
  static const char *const KEYS[] = {"embedding_dimension", "word_embedding_dimension"};
  for (int i = 0; i < 2; i++) {
    int64_t said = width;
    if (json_has(doc, KEYS[i])) TRY(json_get_int(doc, KEYS[i], 1, INT32_MAX, &said, err));
    if (said == width) continue;
    return error_set(err, STATUS_MISMATCH,
                     "%s: %s: is %" PRId64 ", and states of this model have %" PRId64, doc->file,
                     KEYS[i], said, width);
  }
  return STATUS_OK;
}

Status pooling_read(Pooling *p, const JsonDoc *doc, int64_t width, Error *err) {
  *p = (Pooling){.include_prompt = true};
  TRY(check_width(doc, width, err));
  TRY(check_switches(doc, err));
  TRY(read_modes(p, doc, err));
  if (json_has(doc, "include_prompt"))
    TRY(json_get_bool(doc, "include_prompt", &p->include_prompt, err));
  if (p->modes == 0) p->mode[p->modes++] = POOLING_MEAN;
  return STATUS_OK;
}

/* Pooling. */

typedef struct States {
  const float *h; /* [tokens, width] */
  int64_t tokens, width;
  int64_t first; /* the first that counts; the last always does */
} States;

static void put_max(const States *s, float *out) {
  memcpy(out, s->h + s->first * s->width, (size_t)s->width * sizeof *out);
  for (int64_t t = s->first + 1; t < s->tokens; t++) {
    const float *h = s->h + t * s->width;
    for (int64_t i = 0; i < s->width; i++) out[i] = h[i] > out[i] ? h[i] : out[i];
  }
}

static float weight_of(PoolingMode mode, int64_t t) {
  return mode == POOLING_WEIGHTED ? (float)(t + 1) : 1;
}

static void put_mean(const States *s, PoolingMode mode, float *out) {
  double all = 0;
  memset(out, 0, (size_t)s->width * sizeof *out);
  for (int64_t t = s->first; t < s->tokens; t++) {
    const float *h = s->h + t * s->width;
    float weight = weight_of(mode, t);
    for (int64_t i = 0; i < s->width; i++) out[i] += weight * h[i];
    all += (double)weight;
  }
  float scale = (float)(1 / (mode == POOLING_MEAN_SQRT ? sqrt(all) : all));
  for (int64_t i = 0; i < s->width; i++) out[i] *= scale;
}

static void put_mode(const States *s, PoolingMode mode, float *out) {
  size_t bytes = (size_t)s->width * sizeof *out;
  switch (mode) {
    case POOLING_CLS:
      memcpy(out, s->h + s->first * s->width, bytes);
      break;
    case POOLING_LAST:
      memcpy(out, s->h + (s->tokens - 1) * s->width, bytes);
      break;
    case POOLING_MAX:
      put_max(s, out);
      break;
    default:
      put_mean(s, mode, out);
  }
}

void pooling_apply(const Pooling *p, const float *states, int64_t tokens, int64_t width,
                   int64_t skip, float *out) {
  int64_t first = p->include_prompt ? 0 : skip;
  const States s = {states, tokens, width, first < tokens ? first : tokens - 1};
  for (int i = 0; i < p->modes; i++) put_mode(&s, p->mode[i], out + i * width);
}

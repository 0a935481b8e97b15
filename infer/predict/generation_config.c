#include "infer/predict/generation_config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "data/text/json_put.h"
#include "infer/predict/generation_keys.h"

enum { CONFIG_BYTES_MAX = 1 << 20, TOKENS_MAX = 1 << 30, BEAMS_MAX = 1 << 20 };

/* What a file is read with. */
typedef struct Reader {
  GenerationConfig *g;
  JsonDoc doc;
  int64_t vocab;
} Reader;

/* ---- values ---- */

/* The key is there and asks for something. */
static bool asks(const Reader *r, const char *key) {
  return !generation_key_is_off(key, json_object_get(r->doc.root, key));
}

/* The value as it is shown: of an array the number of its elements. */
static json_t *shown(const json_t *value) {
  if (!json_is_array(value) && !json_is_object(value)) return json_copy((json_t *)(uintptr_t)value);
  return json_sprintf("%zu of them",
                      json_is_array(value) ? json_array_size(value) : json_object_size(value));
}

static void take(Reader *r, const char *key) {
  json_put(&r->g->taken, key, shown(json_object_get(r->doc.root, key)));
}

static void pass_over(Reader *r, const char *key) {
  if (asks(r, key)) json_put(&r->g->unused, key, shown(json_object_get(r->doc.root, key)));
}

static Status read_count(Reader *r, const char *key, int64_t most, int64_t *out, Error *err) {
  if (!asks(r, key)) return STATUS_OK;
  take(r, key);
  return json_get_int(&r->doc, key, 1, most, out, err);
}

static Status read_real(Reader *r, const char *key, double min, double max, double *out,
                        Error *err) {
  if (!asks(r, key)) return STATUS_OK;
  take(r, key);
  return json_get_real(&r->doc, key, min, max, out, err);
}

static Status read_id(const Reader *r, const char *key, const json_t *value, int32_t *out,
                      Error *err) {
  json_int_t id = json_integer_value(value);
  if (!json_is_integer(value) || id < 0 || id >= r->vocab) {
    return error_set(err, STATUS_INPUT, "%s: %s: want integers in [0, %" PRId64 "]", r->doc.file,
                     key, r->vocab - 1);
  }
  *out = (int32_t)id;
  return STATUS_OK;
}

/* An id, or an array of them. */
static Status read_ids(const Reader *r, const char *key, const json_t *value, IdList *list,
                       Error *err) {
  bool many = json_is_array(value);
  size_t n = many ? json_array_size(value) : 1;
  list->id = calloc(n + 1, sizeof *list->id);
  if (!list->id) return error_set(err, STATUS_RUN, "%s: %s: out of memory", r->doc.file, key);
  for (size_t i = 0; i < n; i++) {
    TRY(read_id(r, key, many ? json_array_get(value, i) : value, &list->id[i], err));
  }
  list->count = (int64_t)n;
  return STATUS_OK;
}

static Status read_list(Reader *r, const char *key, IdList *list, Error *err) {
  if (!asks(r, key)) return STATUS_OK;
  take(r, key);
  return read_ids(r, key, json_object_get(r->doc.root, key), list, err);
}

static Status read_bad_words(Reader *r, Error *err) {
  static const char key[] = "bad_words_ids";
  GenerationRules *rules = &r->g->rules;
  json_t *words;
  if (!asks(r, key)) return STATUS_OK;
  take(r, key);
  TRY(json_get_array(&r->doc, key, &words, err));
  rules->bad_word = calloc(json_array_size(words), sizeof *rules->bad_word);
  if (!rules->bad_word) return error_set(err, STATUS_RUN, "%s: out of memory", r->doc.file);
  for (size_t i = 0; i < json_array_size(words); i++) {
    const json_t *word = json_array_get(words, i);
    if (json_array_size(word) == 0) { /* also what is no array */
      return error_set(err, STATUS_INPUT, "%s: %s: element %zu: want an array of ids", r->doc.file,
                       key, i);
    }
    rules->bad_words++; /* also one that fails is freed */
    TRY(read_ids(r, key, word, &rules->bad_word[i], err));
  }
  return STATUS_OK;
}

/* ---- the file ---- */

/* A length counts the start of the decoder; that of new tokens does not, and wins. */
static Status read_lengths(Reader *r, Error *err) {
  int64_t length = 0, min = 0;
  TRY(read_count(r, "max_new_tokens", TOKENS_MAX, &r->g->max_output, err));
  if (r->g->max_output > 0) {
    pass_over(r, "max_length");
  } else {
    TRY(read_count(r, "max_length", TOKENS_MAX, &length, err));
  }
  if (length == 1) {
    return error_set(err, STATUS_INPUT, "%s: max_length: is 1, which leaves no token to generate",
                     r->doc.file);
  }
  if (length > 0) r->g->max_output = length - 1;
  TRY(read_count(r, "min_new_tokens", TOKENS_MAX, &r->g->rules.min_output, err));
  if (r->g->rules.min_output > 0) {
    pass_over(r, "min_length");
    return STATUS_OK;
  }
  TRY(read_count(r, "min_length", TOKENS_MAX, &min, err));
  if (min > 0) r->g->rules.min_output = min - 1;
  return STATUS_OK;
}

static Status read_early(Reader *r, Error *err) {
  static const char key[] = "early_stopping";
  const json_t *value = json_object_get(r->doc.root, key);
  const char *word = json_string_value(value);
  if (!asks(r, key)) return STATUS_OK;
  take(r, key);
  bool never = word && strcmp(word, "never") == 0;
  if (!never && !json_is_true(value)) {
    return error_set(err, STATUS_INPUT, "%s: %s: want true, false or \"never\"", r->doc.file, key);
  }
  r->g->early = never ? EARLY_NEVER : EARLY_AT_ONCE;
  return STATUS_OK;
}

static Status read_search(Reader *r, Error *err) {
  GenerationConfig *g = r->g;
  TRY(read_lengths(r, err));
  TRY(read_count(r, "num_beams", BEAMS_MAX, &g->beams, err));
  TRY(read_real(r, "length_penalty", -1e6, 1e6, &g->length_penalty, err));
  return read_early(r, err);
}

static Status read_rules(Reader *r, Error *err) {
  GenerationRules *rules = &r->g->rules;
  TRY(read_real(r, "repetition_penalty", 1e-6, 1e6, &rules->repetition_penalty, err));
  TRY(read_count(r, "no_repeat_ngram_size", TOKENS_MAX, &rules->no_repeat, err));
  TRY(read_bad_words(r, err));
  TRY(read_list(r, "forced_bos_token_id", &rules->forced_first, err));
  TRY(read_list(r, "forced_eos_token_id", &rules->forced_last, err));
  TRY(read_list(r, "suppress_tokens", &rules->suppressed, err));
  return read_list(r, "begin_suppress_tokens", &rules->not_first, err);
}

/* Where decoding begins and ends: said where it is not as config.json has it. */
static Status read_ends(Reader *r, const T5Config *config, Error *err) {
  const json_t *start = json_object_get(r->doc.root, "decoder_start_token_id");
  const json_t *eos = json_object_get(r->doc.root, "eos_token_id");
  if (start && !json_is_null(start)) {
    TRY(read_id(r, "decoder_start_token_id", start, &r->g->start, err));
    if (r->g->start != config->decoder_start_id) take(r, "decoder_start_token_id");
  }
  if (!asks(r, "eos_token_id")) return STATUS_OK;
  IdList *ends = &r->g->rules.eos;
  TRY(read_ids(r, "eos_token_id", eos, ends, err));
  if (ends->count != 1 || ends->id[0] != config->eos_id) take(r, "eos_token_id");
  return STATUS_OK;
}

/* `all`: keys that are not known are said too; in a config.json they are the model's. */
static Status check_keys(Reader *r, bool all, Error *err) {
  const char *key;
  json_t *value;
  json_object_foreach(r->doc.root, key, value) {
    GenerationKey kind = generation_key(key);
    if (kind == KEY_READ || kind == KEY_SILENT || generation_key_is_off(key, value)) continue;
    if (kind == KEY_REFUSED) {
      return error_set(err, STATUS_INPUT,
                       "%s: %s: is set and not computed; take it out, or generate without what the "
                       "file says (--no-generation-config)",
                       r->doc.file, key);
    }
    if (kind == KEY_SAMPLING || all) json_put(&r->g->unused, key, shown(value));
  }
  return STATUS_OK;
}

static Status read_document(Reader *r, const T5Config *config, bool own_file, Error *err) {
  if (!json_is_object(r->doc.root)) {
    return error_set(err, STATUS_INPUT, "%s: got %s, want an object", r->doc.file,
                     json_kind(r->doc.root));
  }
  TRY(check_keys(r, own_file, err));
  TRY(read_search(r, err));
  TRY(read_rules(r, err));
  TRY(read_ends(r, config, err));
  if (r->g->taken && r->g->unused) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: out of memory", r->doc.file);
}

Status generation_config_read(GenerationConfig *g, const char *dir, const T5Config *config,
                              Error *err) {
  *g = (GenerationConfig){.path = path_join(dir, "generation_config.json"),
                          .length_penalty = NAN,
                          .start = -1,
                          .taken = json_object(),
                          .unused = json_object()};
  bool own_file = g->path && file_exists(g->path);
  if (g->path && !own_file) {
    free(g->path);
    g->path = path_join(dir, "config.json");
  }
  if (!g->path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  Reader r = {.g = g, .vocab = config->vocab_size};
  TRY(json_parse_file(&r.doc, g->path, CONFIG_BYTES_MAX, err));
  Status status = read_document(&r, config, own_file, err);
  json_free(&r.doc);
  return status;
}

void generation_config_free(GenerationConfig *g) {
  generation_rules_free(&g->rules);
  json_decref(g->taken);
  json_decref(g->unused);
  free(g->path);
  *g = (GenerationConfig){0};
}

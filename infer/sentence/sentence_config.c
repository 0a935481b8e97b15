#include "infer/sentence/sentence_config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/options/options.h"
#include "data/text/json.h"

enum { CONFIG_BYTES_MAX = 1 << 20, LONGEST_MAX = 1 << 20, SHORTEST = 3 };

static Status no_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

/* Opens dir/name, where it is there; *path is the caller's. */
static Status open_file(JsonDoc *doc, char **path, const char *dir, const char *name, Error *err) {
  *doc = (JsonDoc){0};
  *path = path_join(dir, name);
  if (!*path) return no_memory(dir, err);
  return file_exists(*path) ? json_parse_file(doc, *path, CONFIG_BYTES_MAX, err) : STATUS_OK;
}

/* ---- sentence_bert_config.json ---- */

/* What newer files may say that would change vectors. */
static Status check_task(const JsonDoc *doc, Error *err) {
  static const char *const NONE[] = {"query_expansion", "processing_kwargs"};
  const char *task = "feature-extraction";
  if (json_has(doc, "transformer_task")) TRY(json_get_string(doc, "transformer_task", &task, err));
  if (strcmp(task, "feature-extraction") != 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: transformer_task: '%.60s' is not computed, feature-extraction is",
                     doc->file, task);
  }
  for (int i = 0; i < 2; i++) {
    const json_t *value = json_object_get(doc->root, NONE[i]);
    if (!value || json_is_null(value) || (json_is_object(value) && json_object_size(value) == 0))
      continue;
    return error_set(err, STATUS_INPUT, "%s: %s: is not supported", doc->file, NONE[i]);
  }
  return STATUS_OK;
}

static Status read_limits(SentenceConfig *c, const JsonDoc *doc, bool *limited, Error *err) {
  TRY(check_task(doc, err));
  if (json_has(doc, "do_lower_case")) TRY(json_get_bool(doc, "do_lower_case", &c->lowercase, err));
  *limited = json_has(doc, "max_seq_length");
  if (!*limited) return STATUS_OK;
  return json_get_int(doc, "max_seq_length", SHORTEST, LONGEST_MAX, &c->longest, err);
}

static Status read_own(SentenceConfig *c, const char *dir, bool *limited, Error *err) {
  static const char *const NAMES[] = {
      "sentence_bert_config.json",       "sentence_roberta_config.json",
      "sentence_distilbert_config.json", "sentence_camembert_config.json",
      "sentence_albert_config.json",     "sentence_xlm-roberta_config.json",
      "sentence_xlnet_config.json"};
  Status status = STATUS_OK;
  bool found = false;
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES && status == STATUS_OK && !found; i++) {
    JsonDoc doc;
    char *path;
    status = open_file(&doc, &path, dir, NAMES[i], err);
    found = doc.root != NULL;
    if (found) status = read_limits(c, &doc, limited, err);
    json_free(&doc);
    free(path);
  }
  return status;
}

/* A length beyond all bounds stands for none. */
static Status read_tokenizer(SentenceConfig *c, const char *dir, Error *err) {
  JsonDoc doc;
  char *path;
  double most = LONGEST_MAX;
  Status status = open_file(&doc, &path, dir, "tokenizer_config.json", err);
  if (status == STATUS_OK && json_has(&doc, "model_max_length"))
    status = json_get_real(&doc, "model_max_length", SHORTEST, 1e300, &most, err);
  if (most < (double)c->longest) c->longest = (int64_t)most;
  json_free(&doc);
  free(path);
  return status;
}

static Status read_length(SentenceConfig *c, const char *dir, const BertConfig *model, Error *err) {
  bool limited = false;
  c->longest = model->positions;
  TRY(read_own(c, dir, &limited, err));
  if (!limited) TRY(read_tokenizer(c, dir, err));
  if (!model->rotary && c->longest > model->positions) c->longest = model->positions;
  if (c->longest >= SHORTEST) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: its texts have at most %d tokens, [CLS] and [SEP] too",
                   dir, (int)c->longest);
}

/* ---- config_sentence_transformers.json ---- */

/* "query, document": the prompts that are not empty. */
static void list_prompts(const json_t *prompts, char *out, size_t size) {
  const char *name;
  json_t *text;
  size_t used = 0;
  *out = '\0';
  json_object_foreach((json_t *)(uintptr_t)prompts, name, text) {
    if (!json_string_length(text) || used >= size - 1) continue;
    used += (size_t)snprintf(out + used, size - used, "%s%.40s", used ? ", " : "", name);
  }
}

static Status find_prompt(const json_t *prompts, const char *name, const char *file,
                          const char **text, Error *err) {
  char known[400];
  *text = json_string_value(json_object_get(prompts, name));
  if (*text) return STATUS_OK;
  list_prompts(prompts, known, sizeof known);
  return error_set(err, STATUS_USAGE, "%s: prompts: has no '%.60s'; it has %s", file, name,
                   *known ? known : "none");
}

static Status set_prefix(SentenceConfig *c, const char *text, const char *dir, Error *err) {
  c->prefix = strdup(text);
  return c->prefix ? STATUS_OK : no_memory(dir, err);
}

/* Whether the name of a model has the word e5, as the models of Wang et al. 2022 (arXiv 2212.03533) are
 * called: nothing else of their files tells them from others. */
static bool is_e5(const char *path) {
  size_t size = strlen(path);
  while (size > 1 && path[size - 1] == '/') size--;
  const char *end = path + size, *at = end;
  while (at > path && at[-1] != '/') at--;
  for (size_t word; at < end; at += word + 1) {
    for (word = 0; at + word < end && isalnum((unsigned char)at[word]);) word++;
    if (word == 2 && strncasecmp(at, "e5", 2) == 0) return true;
  }
  return false;
}

/* What begins the texts of a model that says so in no file; NULL: nothing that is known. */
static const char *wanted_prefix(const SentenceSettings *s, const BertConfig *model) {
  if (model->family == FAMILY_NOMIC)
    return "is a nomic-bert, whose texts begin with what they are for (\"search_query: \", "
           "\"search_document: \", \"clustering: \", \"classification: \")";
  return is_e5(s->dir) ? "is called e5, whose texts begin with \"query: \" or \"passage: \"" : NULL;
}

static Status set_note(SentenceConfig *c, const SentenceSettings *s, const JsonDoc *doc,
                       const BertConfig *model, Error *err) {
  char known[400];
  const char *similarity = json_string_value(json_object_get(doc->root, "similarity_fn_name"));
  const char *wanted = wanted_prefix(s, model);
  list_prompts(json_object_get(doc->root, "prompts"), known, sizeof known);
  int size = 0;
  if (!*c->prefix && !s->prefix && *known) {
    size = asprintf(&c->note,
                    "%s: has prompts (%s) and none is put before texts; choose one with prompt",
                    s->dir, known);
  } else if (!*c->prefix && !s->prefix && wanted) {
    size = asprintf(&c->note, "%s: %s, and none is put before them; set prefix", s->dir, wanted);
  } else if (similarity && strcmp(similarity, "cosine") != 0) {
    size = asprintf(&c->note,
                    "%s: its vectors are made to be compared by '%.40s'; they are compared by "
                    "their cosines",
                    s->dir, similarity);
  }
  if (size >= 0) return STATUS_OK;
  c->note = NULL;
  return no_memory(s->dir, err);
}

static Status choose_prefix(SentenceConfig *c, const SentenceSettings *s, const JsonDoc *doc,
                            Error *err) {
  const json_t *prompts = json_object_get(doc->root, "prompts");
  const char *name = s->prompt, *text = s->prefix;
  if (name && text) {
    return error_set(err, STATUS_USAGE, "%s: prompt '%.60s' and prefix '%.60s': want one of them",
                     s->dir, name, text);
  }
  if (!name && !text && json_has(doc, "default_prompt_name"))
    TRY(json_get_string(doc, "default_prompt_name", &name, err));
  if (name) TRY(find_prompt(prompts, name, doc->file, &text, err));
  return set_prefix(c, text ? text : "", s->dir, err);
}

static Status read_prompts(SentenceConfig *c, const SentenceSettings *s, const JsonDoc *doc,
                           const BertConfig *model, Error *err) {
  c->dimensions = s->dimensions;
  if (!c->dimensions && json_has(doc, "truncate_dim"))
    TRY(json_get_int(doc, "truncate_dim", 1, INT32_MAX, &c->dimensions, err));
  TRY(choose_prefix(c, s, doc, err));
  return set_note(c, s, doc, model, err);
}

Status sentence_config_read(SentenceConfig *c, const SentenceSettings *s, const char *transformer,
                            const BertConfig *model, Error *err) {
  *c = (SentenceConfig){0};
  JsonDoc doc;
  char *path;
  TRY(read_length(c, transformer, model, err));
  Status status = open_file(&doc, &path, s->dir, "config_sentence_transformers.json", err);
  if (status == STATUS_OK && !doc.root) doc.file = path;
  if (status == STATUS_OK) status = read_prompts(c, s, &doc, model, err);
  json_free(&doc);
  free(path);
  return status;
}

void sentence_config_free(SentenceConfig *c) {
  free(c->prefix);
  free(c->note);
  *c = (SentenceConfig){0};
}

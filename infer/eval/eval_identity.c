#include "infer/eval/eval_identity.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/embed/embed.h"

/* Of what is hashed, in which order, of how items are read, and of what is kept of answers. */
enum { VERSION = 5 };

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the identity of a cell");
}

static void add_number(Hash *hash, double x) {
  char text[40];
  snprintf(text, sizeof text, "%.17g", x);
  hash_add_string(hash, text);
}

static void add_text(Hash *hash, const char *text) {
  hash_add_string(hash, text ? text : "");
}

static Status add_file(Hash *hash, const char *path, Error *err) {
  char hex[HASH_HEX];
  TRY(hash_file(path, hex, err));
  hash_add_string(hash, hex);
  return STATUS_OK;
}

/* ---- the program ---- */

Status eval_program_identity(const char *version, const Kernels *kernels, Precision precision,
                             char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  char release[64];
  snprintf(release, sizeof release, "%.*s", (int)strcspn(version, "+"), version);
  hash_add_string(hash, release);
  add_number(hash, kernels->fused);
  add_number(hash, precision);
  if (precision == PRECISION_BF16) hash_add_string(hash, kernels->name);
  hash_finish(hash, hex);
  return STATUS_OK;
}

/* ---- the base ---- */

/* A file of a directory; one that is not there is "". */
static Status add_optional(Hash *hash, const char *dir, const char *name, Error *err) {
  char *path = path_join(dir, name);
  if (!path) return no_memory(err);
  Status status = STATUS_OK;
  if (file_exists(path)) {
    status = add_file(hash, path, err);
  } else {
    hash_add_string(hash, "");
  }
  free(path);
  return status;
}

Status eval_base_identity(const Base *base, char hex[HASH_HEX], Error *err) {
  char tokenizer[HASH_HEX];
  TRY(tokenizer_fingerprint(base->tokenizer, tokenizer, err));
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  hash_add_string(hash, base->sample);
  hash_add_string(hash, tokenizer);
  Status status = add_optional(hash, base->dir, "config.json", err);
  hash_finish(hash, hex);
  return status;
}

/* ---- the pool ---- */

void eval_hash_expert(Hash *hash, const PoolEntry *entry, bool instruction) {
  hash_add_string(hash, entry->name);
  hash_add_string(hash, entry->fingerprint);
  for (int f = 0; f < POOL_FILES; f++) hash_add_string(hash, entry->hash[f]);
  if (instruction) hash_add_string(hash, entry->instruction);
}

/* What the n-grams of `lexical` are weighed by. */
static void add_corpus(Hash *hash, const Pool *all) {
  add_number(hash, pool_count(all));
  for (int i = 0; i < pool_count(all); i++) hash_add_string(hash, pool_entry(all, i)->instruction);
}

static Status add_entries(Hash *hash, const char *dir, const DirNames *names, Error *err) {
  for (size_t i = 0; i < names->count; i++) {
    if (names->name[i][0] == '.') continue;
    hash_add_string(hash, names->name[i]);
    TRY(add_optional(hash, dir, names->name[i], err));
  }
  return STATUS_OK;
}

/* The files of the pool's embeddings in name order; a pool without any has none. */
static Status add_embeddings(Hash *hash, const char *pool, Error *err) {
  DirNames names = {0};
  char *dir = path_below(pool, "embeddings");
  if (!dir) return no_memory(err);
  Status status = dir_names(&names, dir, err);
  if (status == STATUS_OK) status = add_entries(hash, dir, &names, err);
  dir_names_free(&names);
  free(dir);
  return status;
}

static Status add_sentence(Hash *hash, const GlobalSettings *s, Error *err) {
  Sentence *sentence;
  SentenceSettings settings = global_sentence(s);
  settings.threads = 1;
  TRY(sentence_open(&sentence, &settings, err));
  hash_add_string(hash, sentence_fingerprint(sentence));
  sentence_close(sentence);
  return STATUS_OK;
}

Status eval_hash_calibration(Hash *hash, const RouterSettings *s, Error *err) {
  if (!router_scores(s)) return STATUS_OK;
  const CalibrationSettings *own = router_own(s, &calibration_settings);
  return own->file ? add_file(hash, own->file, err) : STATUS_OK;
}

Status eval_hash_embedder(Hash *hash, const Pool *all, const GlobalSettings *s, Error *err) {
  if (s->embedder == EMBEDDER_LEXICAL) add_corpus(hash, all);
  TRY(add_embeddings(hash, pool_dir(all), err));
  bool written = s->query.source == QUERY_LLM && s->embedder != EMBEDDER_PRECOMPUTED;
  if (written && s->query.pattern) TRY(add_file(hash, s->query.pattern, err));
  if (s->embedder == EMBEDDER_SENTENCE && s->model) return add_sentence(hash, s, err);
  if (s->embedder != EMBEDDER_PRECOMPUTED || !s->embeddings) return STATUS_OK;
  return add_file(hash, s->embeddings, err);
}

/* ---- the cell ---- */

static void add_json(Hash *hash, const json_t *json) {
  char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
  add_text(hash, text);
  free(text);
}

static void add_texts(Hash *hash, const CellParts *p) {
  const EvalTask *t = p->task;
  const char *text[] = {t->name,       items_hash(p->items), t->instruction, t->input_key,
                        t->target_key, t->choices_key,       t->label_key,   t->instruction_key};
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) add_text(hash, text[i]);
}

static void add_numbers(Hash *hash, const CellParts *p) {
  const EvalTask *t = p->task;
  const EvalSettings *s = &p->spec->settings;
  const int64_t limit = eval_task_limit(p->spec, t, items_count(p->items));
  const double number[] = {t->format,
                           t->kind,
                           (double)limit,
                           t->choices_from_targets,
                           (double)s->max_input,
                           (double)s->bootstrap_samples,
                           (double)s->bootstrap_seed,
                           s->verify};
  for (size_t i = 0; i < sizeof number / sizeof *number; i++) add_number(hash, number[i]);
  if (p->sample) {
    hash_add_string(hash, "sample");
    add_number(hash, (double)s->sample_seed);
  }
  if (t->kind == TASK_CHOICES) {
    add_number(hash, (double)s->max_target);
    return;
  }
  add_number(hash, (double)t->max_output);
  add_number(hash, (double)t->beams);
  if (t->beams > 1) add_number(hash, t->length_penalty);
}

Status eval_cell_identity(const CellParts *p, char hex[HASH_HEX], Error *err) {
  char *settings = eval_method_settings(p->method);
  Hash *hash = settings ? hash_new() : NULL;
  if (!hash) {
    free(settings);
    return no_memory(err);
  }
  hash_add_string(hash, "skein-cell");
  add_number(hash, VERSION);
  hash_add_string(hash, p->program);
  hash_add_string(hash, p->base);
  hash_add_string(hash, p->experts);
  hash_add_string(hash, settings);
  if (p->method->chosen) add_json(hash, p->method->chosen);
  add_texts(hash, p);
  add_numbers(hash, p);
  for (int i = 0; i < p->task->metric_count; i++) add_text(hash, metric_name(p->task->metric[i]));
  hash_finish(hash, hex);
  free(settings);
  return STATUS_OK;
}

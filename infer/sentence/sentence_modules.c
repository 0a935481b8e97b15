#include "infer/sentence/sentence_modules.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"

enum { JSON_BYTES_MAX = 1 << 20 };

/* One entry of modules.json. */
typedef struct Entry {
  const char *file; /* for messages */
  const char *dir;  /* of modules.json */
  const char *type; /* the class without what it is in */
  const char *path; /* "" or the name of a folder */
  int index;
} Entry;

static Status no_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

static char *entry_file(const Entry *e, const char *name) {
  char *folder = *e->path ? path_join(e->dir, e->path) : strdup(e->dir);
  char *file = folder ? path_join(folder, name) : NULL;
  free(folder);
  return file;
}

/* ---- the kinds ---- */

static Status add_transformer(SentenceModules *m, const Entry *e, Error *err) {
  if (e->index != 0) {
    return error_set(err, STATUS_INPUT, "%s: module %d: a Transformer must be the first, and only",
                     e->file, e->index);
  }
  m->transformer = *e->path ? path_join(e->dir, e->path) : strdup(e->dir);
  return m->transformer ? STATUS_OK : no_memory(e->dir, err);
}

static Status add_pooling(SentenceModules *m, const Entry *e, Error *err) {
  if (e->index != 1) {
    return error_set(err, STATUS_INPUT,
                     "%s: module %d: Pooling must be the second, behind the Transformer", e->file,
                     e->index);
  }
  m->pooling = entry_file(e, "config.json");
  return m->pooling ? STATUS_OK : no_memory(e->dir, err);
}

static Status next_step(SentenceModules *m, const Entry *e, SentenceStep **step, Error *err) {
  if (e->index < 2 || m->steps == SENTENCE_STEPS_MAX) {
    return error_set(err, STATUS_INPUT,
                     "%s: module %d: want Transformer, Pooling, and then at most %d others",
                     e->file, e->index, SENTENCE_STEPS_MAX);
  }
  *step = &m->step[m->steps++];
  return STATUS_OK;
}

static Status add_dense(SentenceModules *m, const Entry *e, Error *err) {
  SentenceStep *step = NULL;
  TRY(next_step(m, e, &step, err));
  step->dense = true;
  char *folder = path_join(e->dir, e->path);
  Status status = folder ? dense_open(&step->how, folder, err) : no_memory(e->dir, err);
  free(folder);
  return status;
}

/* Its folder is often not there. */
static Status add_normalize(SentenceModules *m, const Entry *e, Error *err) {
  SentenceStep *step = NULL;
  TRY(next_step(m, e, &step, err));
  JsonDoc doc = {0};
  char *file = entry_file(e, "config.json");
  Status status = file ? STATUS_OK : no_memory(e->dir, err);
  if (file && file_exists(file)) status = json_parse_file(&doc, file, JSON_BYTES_MAX, err);
  if (status == STATUS_OK && doc.root) status = dense_check_names(&doc, err);
  json_free(&doc);
  free(file);
  return status;
}

static const struct {
  const char *type;
  Status (*add)(SentenceModules *m, const Entry *e, Error *err);
} KINDS[] = {{"Transformer", add_transformer},
             {"Pooling", add_pooling},
             {"Dense", add_dense},
             {"Normalize", add_normalize}};

/* ---- modules.json ---- */

static Status entry_error(const Entry *e, const char *what, const char *text, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: module %d: %s '%.100s'", e->file, e->index, what, text);
}

static Status read_entry(SentenceModules *m, const JsonDoc *doc, Entry *e, Error *err) {
  const json_t *entry = json_array_get(doc->root, (size_t)e->index);
  const char *type = json_string_value(json_object_get(entry, "type"));
  e->path = json_string_value(json_object_get(entry, "path"));
  if (!type || !e->path) return entry_error(e, "has no text", type ? "path" : "type", err);
  if (*e->path && !path_name_valid(e->path)) {
    return entry_error(e, "is in no folder beside it:", e->path, err);
  }
  const char *last = strrchr(type, '.');
  e->type = last ? last + 1 : type;
  bool own = strncmp(type, "sentence_transformers.", strlen("sentence_transformers.")) == 0;
  for (size_t i = 0; own && i < sizeof KINDS / sizeof *KINDS; i++) {
    if (strcmp(e->type, KINDS[i].type) == 0) return KINDS[i].add(m, e, err);
  }
  return error_set(err, STATUS_INPUT,
                   "%s: module %d: type: '%.100s' is not computed; computed are Transformer, "
                   "Pooling, Dense and Normalize of sentence_transformers",
                   e->file, e->index, type);
}

static Status read_list(SentenceModules *m, const char *dir, const JsonDoc *doc, Error *err) {
  if (!json_is_array(doc->root) || json_array_size(doc->root) == 0) {
    return error_set(err, STATUS_INPUT, "%s: is no list of modules", doc->file);
  }
  Entry e = {.file = doc->file, .dir = dir};
  for (; e.index < (int)json_array_size(doc->root); e.index++) TRY(read_entry(m, doc, &e, err));
  if (m->transformer && m->pooling) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: has no %s", doc->file,
                   m->transformer ? "Pooling: of a text there is no one vector" : "Transformer");
}

Status sentence_modules_open(SentenceModules *m, const char *dir, Error *err) {
  *m = (SentenceModules){0};
  char *file = path_join(dir, "modules.json");
  if (!file) return no_memory(dir, err);
  JsonDoc doc = {0};
  Status status = STATUS_OK;
  if (file_exists(file)) {
    status = json_parse_file(&doc, file, JSON_BYTES_MAX, err);
    if (status == STATUS_OK) status = read_list(m, dir, &doc, err);
  } else if (!(m->transformer = strdup(dir))) {
    status = no_memory(dir, err);
  }
  json_free(&doc);
  free(file);
  return status;
}

void sentence_modules_close(SentenceModules *m) {
  for (int i = 0; i < m->steps; i++) weights_close(m->step[i].how.weights);
  free(m->transformer);
  free(m->pooling);
  *m = (SentenceModules){0};
}

/* ---- the steps ---- */

Status sentence_modules_width(const SentenceModules *m, int64_t *cols, Error *err) {
  for (int i = 0; i < m->steps; i++) {
    if (!m->step[i].dense) continue;
    const Tensor *w = &m->step[i].how.linear.weight;
    if (w->cols != *cols) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: linear.weight takes %" PRId64 " numbers, and gets %" PRId64,
                       weights_path(m->step[i].how.weights), w->cols, *cols);
    }
    *cols = w->rows;
  }
  return STATUS_OK;
}

void sentence_normalise(Tensor *x) {
  for (int64_t r = 0; r < x->rows; r++) {
    float *row = x->data + r * x->cols;
    double square = 0;
    for (int64_t i = 0; i < x->cols; i++) square += (double)row[i] * (double)row[i];
    double length = fmax(sqrt(square), 1e-12);
    for (int64_t i = 0; i < x->cols; i++) row[i] = (float)((double)row[i] / length);
  }
}

Tensor *sentence_steps_forward(Context *c, SentenceModules *m, Tensor *x) {
  for (int i = 0; x && i < m->steps; i++) {
    if (m->step[i].dense) {
      x = dense_forward(c, &m->step[i].how, x);
    } else {
      sentence_normalise(x);
    }
  }
  return x;
}

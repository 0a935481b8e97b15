/* All tensors of a checkpoint as one safetensors file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/tensors/safetensors.h"
#include "data/tensors/weights.h"

/* Texts borrowed from the files, and what stands for PyTorch's, which have none. */
typedef struct Texts {
  TensorMeta *meta;
  size_t count;
  char format[sizeof "format"], torch[sizeof "pt"];
} Texts;

static Status add_text(Texts *texts, const TensorMeta *m, const char *path, Error *err) {
  for (size_t i = 0; i < texts->count; i++) {
    if (strcmp(texts->meta[i].key, m->key) != 0) continue;
    if (strcmp(texts->meta[i].value, m->value) == 0) return STATUS_OK;
    return error_set(err, STATUS_MISMATCH,
                     "%s: __metadata__: '%.200s': is '%.80s', and '%.80s' in another shard", path,
                     m->key, m->value, texts->meta[i].value);
  }
  TensorMeta *grown = array_grow(texts->meta, texts->count, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  texts->meta = grown;
  texts->meta[texts->count++] = *m;
  return STATUS_OK;
}

static Status collect_texts(const Weights *w, Texts *texts, Error *err) {
  const TensorMeta torch = {texts->format, texts->torch};
  for (size_t f = 0; f < weights_tables(w); f++) {
    const TensorTable *t = weights_table(w, f);
    if (t->format == FORMAT_TORCH) TRY(add_text(texts, &torch, t->file.path, err));
    for (size_t i = 0; t->format == FORMAT_SAFETENSORS && i < t->meta_count; i++) {
      TRY(add_text(texts, &t->meta[i], t->file.path, err));
    }
  }
  return STATUS_OK;
}

/* The tensors to write, with their names there. */
typedef struct Chosen {
  TensorEntry *copy; /* their strings are borrowed */
  const TensorEntry **entry;
  size_t count;
} Chosen;

bool weights_is_below(const char *name, const char *below) {
  size_t size = below ? strlen(below) : 0;
  return !below || (strncmp(name, below, size) == 0 && name[size] == '.' && name[size + 1]);
}

/* In the header of safetensors that name stands for the texts. */
static Status check_name(const Weights *w, const char *name, Error *err) {
  if (strcmp(name, "__metadata__") != 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: tensor '%s': safetensors keeps this name for texts; in Python, save it "
                   "under another one",
                   weights_path(w), name);
}

/* What is shared is written for each name, and a name takes a few bytes of a pickle. */
static Status check_growth(const Weights *w, const Chosen *c, Error *err) {
  uint64_t in = 0, out = 0;
  for (size_t f = 0; f < weights_tables(w); f++) in += weights_table(w, f)->file.size;
  const uint64_t most = WEIGHTS_GROWTH * in + WEIGHTS_GROWTH_FREE;
  for (size_t i = 0; i < c->count; i++) {
    if (c->copy[i].size <= most - out) {
      out += c->copy[i].size;
      continue;
    }
    return error_set(err, STATUS_INPUT,
                     "%s: tensor '%.200s': names share memory so often that more than %ju bytes "
                     "would be written of %ju",
                     weights_path(w), c->copy[i].name, (uintmax_t)most, (uintmax_t)in);
  }
  return STATUS_OK;
}

/* The names that tensors are below of, where they are few: ", but below a, b". */
static void list_tops(const Weights *w, char *out, size_t size) {
  enum { SHOWN = 4, LONGEST = 40 };
  const char *top[SHOWN];
  size_t count = 0, used = 0;
  out[0] = '\0';
  for (size_t i = 0; i < weights_count(w) && count < SHOWN; i++) {
    const char *name = weights_entry(w, i)->name;
    size_t k = 0, n = strcspn(name, ".");
    while (k < count && strncmp(top[k], name, n + 1) != 0) k++;
    if (k < count || !name[n] || n > LONGEST) continue;
    top[count++] = name;
    used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? ", " : ", but below ",
                             (int)n, name);
  }
}

static Status refuse_below(const Weights *w, const char *below, Error *err) {
  char tops[240];
  const char *wrapper = weights_table(w, 0)->wrapper;
  if (wrapper && strcmp(wrapper, below) == 0) {
    return error_set(
        err, STATUS_USAGE,
        "%s: has no tensor below '%.80s', for all are, and their names begin behind it; "
        "leave it out",
        weights_path(w), below);
  }
  list_tops(w, tops, sizeof tops);
  return error_set(err, STATUS_USAGE, "%s: has no tensor below '%.80s'%s; skein inspect lists them",
                   weights_path(w), below, tops);
}

static Status choose(const Weights *w, const char *below, Chosen *c, Error *err) {
  size_t count = weights_count(w), skip = below ? strlen(below) + 1 : 0;
  c->copy = malloc((count + 1) * sizeof *c->copy);
  c->entry = malloc((count + 1) * sizeof *c->entry);
  if (!c->copy || !c->entry) {
    return error_set(err, STATUS_RUN, "%s: out of memory", weights_path(w));
  }
  for (size_t i = 0; i < count; i++) {
    const TensorEntry *e = weights_entry(w, i);
    if (!weights_is_below(e->name, below)) continue;
    c->copy[c->count] = *e;
    c->copy[c->count].name += skip;
    TRY(check_name(w, c->copy[c->count].name, err));
    c->entry[c->count] = &c->copy[c->count];
    c->count++;
  }
  if (!below || c->count > 0) return check_growth(w, c, err);
  return refuse_below(w, below, err);
}

static Status write_chosen(const Weights *w, Chosen *c, const char *path, Error *err) {
  Texts texts = {.format = "format", .torch = "pt"};
  Status status = STATUS_OK;
  for (size_t f = 0; f < weights_tables(w) && status == STATUS_OK; f++) {
    status = tensor_table_verify(weights_table(w, f), err);
  }
  if (status == STATUS_OK) status = collect_texts(w, &texts, err);
  if (status == STATUS_OK) {
    status = safetensors_write_entries(path, c->entry, c->count, texts.meta, texts.count, err);
  }
  free(texts.meta);
  return status;
}

Status weights_export(const Weights *w, const char *below, const char *path, Error *err) {
  Chosen chosen = {0};
  Status status = choose(w, below, &chosen, err);
  if (status == STATUS_OK) status = write_chosen(w, &chosen, path, err);
  free(chosen.copy);
  free(chosen.entry);
  return status;
}

/* The tensors of a PyTorch file and their names: a walk through the values of its pickle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/tensors/torch_parts.h"

enum { STEPS = 1000, STEPS_A_BYTE = 4 };
enum { TEXT = 1 << 20, TEXT_A_BYTE = 16 };
/* A tensor is described in 40 bytes or more, and its name stands beside it; a name for a tensor
 * that was described before takes fewer, and few tensors have more than three. */
enum { NAMES = 1000, BYTES_A_NAME = 16 };

/* The walk. Values may hold the same value often, or themselves; so its steps are counted, and the
 * bytes of names and texts. A walk that meets every value once has about as many steps as the
 * pickle has bytes, or fewer; names repeat the keys of the dictionaries that they are in. */
typedef struct Walk {
  TorchFile *file;
  size_t steps, text;
  size_t unlisted; /* values that are no tensors, beyond TORCH_TEXTS */
  char *name;      /* of the value at hand, not NUL-terminated */
  size_t size;
} Walk;

static const PickleValue *value_of(const Walk *w, PickleId id) {
  return &w->file->pickle.value[id];
}

static Status out_of_memory(const Walk *w, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", w->file->table->file.path);
}

/* Names the value at hand, of a long name the beginning. */
static Status refuse(const Walk *w, Error *err, const char *what) {
  return error_set(err, STATUS_INPUT, "%s: '%.*s': %s", w->file->table->file.path,
                   (int)(w->size < 200 ? w->size : 200), w->name ? w->name : "", what);
}

static Status count_steps(Walk *w, size_t steps, size_t text, Error *err) {
  w->steps += steps;
  w->text += text;
  if (w->steps <= STEPS + STEPS_A_BYTE * w->file->pickle_size &&
      w->text <= TEXT + TEXT_A_BYTE * w->file->pickle_size) {
    return STATUS_OK;
  }
  return refuse(w, err, "repeats what is before it too often");
}

/* Lengthens the name by a part; the caller shortens it again by setting w->size. */
static Status add_part(Walk *w, const char *part, Error *err) {
  size_t size = strlen(part), dot = w->size > 0;
  TRY(count_steps(w, 0, size, err));
  char *grown = array_grow(w->name, w->size, size + dot + 1, 1);
  if (!grown) return out_of_memory(w, err);
  w->name = grown;
  if (dot) w->name[w->size++] = '.';
  memcpy(w->name + w->size, part, size);
  w->size += size;
  return STATUS_OK;
}

/* The name in a new string, for one more entry or text of the table. */
static Status copy_name(Walk *w, char **name, Error *err) {
  *name = NULL;
  TRY(count_steps(w, 0, w->size, err));
  *name = w->size > 0 ? strndup(w->name, w->size) : strdup("");
  return *name ? STATUS_OK : out_of_memory(w, err);
}

static Status add_tensor(Walk *w, PickleId id, Error *err) {
  TensorTable *t = w->file->table;
  if (id == w->file->pickle.root) TRY(add_part(w, "tensor", err));
  if (w->size == 0) return refuse(w, err, "has a tensor without a name");
  if (t->count > NAMES + w->file->pickle_size / BYTES_A_NAME) {
    return refuse(w, err,
                  "is one more name of tensors that have names already, which are too many");
  }
  TensorEntry *grown = array_grow(t->entry, t->count, 1, sizeof *grown);
  if (!grown) return out_of_memory(w, err);
  t->entry = grown;
  char *name;
  TRY(copy_name(w, &name, err));
  TensorEntry *e = &t->entry[t->count++];
  *e = (TensorEntry){.name = name};
  return torch_view(w->file, value_of(w, id), e, err);
}

static Status copy_text(Walk *w, PickleId id, char **text, Error *err) {
  *text = torch_text(&w->file->pickle, id);
  if (!*text) return out_of_memory(w, err);
  return count_steps(w, 0, strlen(*text), err);
}

static Status new_text(Walk *w, TensorMeta **text, Error *err) {
  TensorTable *t = w->file->table;
  TensorMeta *grown = array_grow(t->meta, t->meta_count, 1, sizeof *grown);
  if (!grown) return out_of_memory(w, err);
  t->meta = grown;
  *text = &t->meta[t->meta_count++];
  **text = (TensorMeta){0};
  return STATUS_OK;
}

static Status add_text(Walk *w, PickleId id, Error *err) {
  TensorMeta *m = NULL;
  if (w->file->table->meta_count == TORCH_TEXTS) {
    w->unlisted++;
    return STATUS_OK;
  }
  TRY(new_text(w, &m, err));
  TRY(copy_name(w, &m->key, err));
  return copy_text(w, id, &m->value, err);
}

/* Says how many values are not listed. */
static Status add_unlisted(Walk *w, Error *err) {
  TensorMeta *m = NULL;
  if (w->unlisted == 0) return STATUS_OK;
  TRY(new_text(w, &m, err));
  m->key = strdup("...");
  if (asprintf(&m->value, "%zu more, which are not listed", w->unlisted) < 0) m->value = NULL;
  return m->key && m->value ? STATUS_OK : out_of_memory(w, err);
}

/* A value without tensors and without parts that might have some. */
static bool is_plain(Walk *w, const PickleValue *v) {
  if (v->kind == PICKLE_DICT) return v->count == 0;
  if (!pickle_has_items(v->kind)) return v->kind != PICKLE_TENSOR;
  for (uint32_t i = 0; i < v->count; i++) {
    w->steps++;
    PickleKind kind = value_of(w, v->item[i])->kind;
    if (pickle_has_items(kind) || kind == PICKLE_TENSOR) return false;
  }
  return true;
}

static Status walk(Walk *w, PickleId id, int depth, Error *err);

static Status walk_part(Walk *w, const char *part, PickleId id, int depth, Error *err) {
  size_t size = w->size;
  TRY(add_part(w, part, err));
  TRY(walk(w, id, depth, err));
  w->size = size;
  return STATUS_OK;
}

static Status walk_list(Walk *w, const PickleValue *v, int depth, Error *err) {
  for (uint32_t i = 0; i < v->count; i++) {
    char place[20];
    snprintf(place, sizeof place, "%u", i);
    TRY(walk_part(w, place, v->item[i], depth, err));
  }
  return STATUS_OK;
}

/* Dictionaries. */

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Keys as parts of names, sorted in `sorted`, are all different. */
static Status check_keys(const Walk *w, char *const *key, char **sorted, uint32_t count,
                         Error *err) {
  memcpy(sorted, key, count * sizeof *sorted);
  qsort(sorted, count, sizeof *sorted, compare_texts);
  for (uint32_t i = 1; i < count; i++) {
    if (strcmp(sorted[i - 1], sorted[i]) != 0) continue;
    return error_set(err, STATUS_INPUT, "%s: '%.*s': the key '%.200s' is there twice",
                     w->file->table->file.path, (int)(w->size < 200 ? w->size : 200),
                     w->name ? w->name : "", sorted[i]);
  }
  return STATUS_OK;
}

static Status read_keys(Walk *w, const PickleValue *v, char **key, Error *err) {
  for (uint32_t i = 0; i < v->count / 2; i++) {
    const PickleValue *k = value_of(w, v->item[2 * i]);
    if (pickle_has_items(k->kind) || k->kind >= PICKLE_NAME) {
      return refuse(w, err, "has a key that is neither a string nor a number");
    }
    if (k->kind == PICKLE_TEXT && memchr(k->text, '\0', k->size)) {
      return refuse(w, err, "has a key with a NUL in it");
    }
    TRY(copy_text(w, v->item[2 * i], &key[i], err));
  }
  return STATUS_OK;
}

/* A usual key of the state dict in what a training run saves. */
static bool is_wrapper(const char *key) {
  static const char *const usual[] = {"state_dict", "model_state_dict", "model", "module"};
  size_t i = 0, count = sizeof usual / sizeof *usual;
  while (i < count && strcmp(usual[i], key) != 0) i++;
  return i < count;
}

/* The key whose value has all the tensors, in a table of which `before[i]` tensors were listed
 * before value i; -1 where there is none. */
static int64_t sole_key(const size_t *before, uint32_t count) {
  int64_t sole = -1;
  for (uint32_t i = 0; i < count; i++) {
    if (before[i] == before[i + 1]) continue;
    if (sole >= 0) return -1;
    sole = i;
  }
  return sole;
}

/* Takes the wrapper's key and the dot from the names. */
static Status unwrap(Walk *w, const char *key, Error *err) {
  TensorTable *t = w->file->table;
  size_t head = strlen(key) + 1;
  for (size_t i = 0; i < t->count; i++) {
    char *name = t->entry[i].name;
    memmove(name, name + head, strlen(name + head) + 1);
    if (*name == '\0') return refuse(w, err, "has a tensor without a name");
  }
  t->wrapper = strdup(key);
  return t->wrapper ? STATUS_OK : out_of_memory(w, err);
}

static Status walk_values(Walk *w, const PickleValue *v, char *const *key, size_t *before,
                          int depth, Error *err) {
  const TensorTable *t = w->file->table;
  uint32_t count = v->count / 2;
  for (uint32_t i = 0; i < count; i++) {
    before[i] = t->count;
    TRY(walk_part(w, key[i], v->item[2 * i + 1], depth, err));
  }
  before[count] = t->count;
  if (depth > 1) return STATUS_OK;
  int64_t sole = sole_key(before, count);
  if (sole < 0 || !is_wrapper(key[sole])) return STATUS_OK;
  if (value_of(w, v->item[2 * sole + 1])->kind != PICKLE_DICT) return STATUS_OK;
  return unwrap(w, key[sole], err);
}

static Status walk_dict(Walk *w, const PickleValue *v, int depth, Error *err) {
  uint32_t count = v->count / 2;
  char **key = calloc(count, sizeof *key), **sorted = calloc(count, sizeof *sorted);
  size_t *before = calloc((size_t)count + 1, sizeof *before);
  Status status = key && sorted && before ? read_keys(w, v, key, err) : out_of_memory(w, err);
  if (status == STATUS_OK) status = check_keys(w, key, sorted, count, err);
  if (status == STATUS_OK) status = walk_values(w, v, key, before, depth, err);
  for (uint32_t i = 0; key && i < count; i++) free(key[i]);
  free(key);
  free(sorted);
  free(before);
  return status;
}

/* `depth`: 0 for what the file holds. */
static Status walk(Walk *w, PickleId id, int depth, Error *err) {
  const PickleValue *v = value_of(w, id);
  if (depth > TORCH_DEPTH) return refuse(w, err, "is nested too deep, or in itself");
  TRY(count_steps(w, 1, 0, err));
  if (v->kind == PICKLE_TENSOR) return add_tensor(w, id, err);
  if (is_plain(w, v)) return add_text(w, id, err);
  return v->kind == PICKLE_DICT ? walk_dict(w, v, depth + 1, err) : walk_list(w, v, depth + 1, err);
}

Status torch_list(TorchFile *f, Error *err) {
  Walk w = {.file = f};
  Status status = walk(&w, f->pickle.root, 0, err);
  if (status == STATUS_OK) status = add_unlisted(&w, err);
  free(w.name);
  return status;
}

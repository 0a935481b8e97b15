#include "data/tokenizer/tokenizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "data/text/utf8.h"
#include "data/tokenizer/spiece_check.h"
#include "data/tokenizer/tokenizer_sp.h"

enum { SENTINELS = 100, SENTINELS_MAX = 1000000, CONFIG_MAX = 64 << 20, WORD_MAX = 1 << 14 };

struct Tokenizer {
  SpModel *model;
  SpIds ids;
  int32_t sentinels;
};

/* Opening. */

/* The path of the model file and, in *config, of the tokenizer_config.json beside it; both owned by
 * the caller. */
static Status find_files(const char *path, char **model, char **config, Error *err) {
  struct stat info;
  bool is_dir = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
  char *dir = is_dir ? strdup(path) : path_parent(path);
  char *other = dir ? path_join(dir, "tokenizer.json") : NULL;
  *model = is_dir ? path_join(path, "spiece.model") : strdup(path);
  *config = dir ? path_join(dir, "tokenizer_config.json") : NULL;
  Status status = STATUS_OK;
  if (!*model || !*config || !other) {
    status = error_set(err, STATUS_RUN, "%s: out of memory", path);
  } else if (is_dir && access(*model, F_OK) != 0) {
    status = error_set(err, STATUS_INPUT, "%s: has no spiece.model%s", path,
                       access(other, F_OK) == 0
                           ? "; tokenizer.json does not replace it, get it from the checkpoint"
                           : "");
  }
  free(dir);
  free(other);
  return status;
}

static Status read_sentinels(const char *config, int32_t *sentinels, Error *err) {
  *sentinels = SENTINELS;
  if (access(config, F_OK) != 0) return STATUS_OK;
  JsonDoc doc;
  TRY(json_parse_file(&doc, config, CONFIG_MAX, err));
  int64_t n = SENTINELS;
  Status status = STATUS_OK;
  if (!json_is_object(doc.root) || json_has(&doc, "extra_ids")) {
    status = json_get_int(&doc, "extra_ids", 0, SENTINELS_MAX, &n, err);
  }
  json_free(&doc);
  *sentinels = (int32_t)n;
  return status;
}

static Status check_ids(const SpIds *ids, const char *path, Error *err) {
  const int32_t special[] = {ids->unk, ids->eos, ids->pad};
  static const char *const name[] = {"unknown", "end (</s>)", "padding (<pad>)"};
  for (int i = 0; i < 3; i++) {
    if (special[i] < 0 || special[i] >= ids->pieces) {
      return error_set(err, STATUS_INPUT, "%s: has no %s piece, which T5 needs", path, name[i]);
    }
    for (int j = 0; j < i; j++) {
      if (special[i] != special[j]) continue;
      return error_set(err, STATUS_INPUT, "%s: the %s and %s pieces are the same", path, name[j],
                       name[i]);
    }
  }
  return STATUS_OK;
}

static Status read_model(Tokenizer *t, const char *path, Error *err) {
  char *data;
  size_t size;
  TRY(file_read(path, SPIECE_FILE_MAX, &data, &size, err));
  Status status = spiece_check((const unsigned char *)data, size, path, err);
  if (status == STATUS_OK) status = sp_open(&t->model, data, size, path, &t->ids, err);
  free(data);
  return status == STATUS_OK ? check_ids(&t->ids, path, err) : status;
}

Status tokenizer_open(Tokenizer **out, const char *path, Error *err) {
  char *model = NULL, *config = NULL;
  *out = NULL;
  Tokenizer *t = calloc(1, sizeof *t);
  if (!t) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = find_files(path, &model, &config, err);
  if (status == STATUS_OK) status = read_model(t, model, err);
  if (status == STATUS_OK) status = read_sentinels(config, &t->sentinels, err);
  free(model);
  free(config);
  if (status == STATUS_OK) {
    *out = t;
  } else {
    tokenizer_close(t);
  }
  return status;
}

void tokenizer_close(Tokenizer *t) {
  if (!t) return;
  sp_close(t->model);
  free(t);
}

/* Ids. */

int32_t tokenizer_size(const Tokenizer *t) {
  return t->ids.pieces + t->sentinels;
}

int32_t tokenizer_eos(const Tokenizer *t) {
  return t->ids.eos;
}

int32_t tokenizer_pad(const Tokenizer *t) {
  return t->ids.pad;
}

int32_t tokenizer_unknown(const Tokenizer *t) {
  return t->ids.unk;
}

int32_t tokenizer_sentinel(const Tokenizer *t, int k) {
  return k >= 0 && k < t->sentinels ? tokenizer_size(t) - 1 - k : -1;
}

/* Encoding. */

/* The id of the sentinel whose name begins at `text`, and the size of that name; -1, and *size as
 * it was, when none does. */
static int32_t match_sentinel(const Tokenizer *t, const char *text, const char *end, size_t *size) {
  static const char head[] = "<extra_id_";
  const size_t n = sizeof head - 1;
  if ((size_t)(end - text) < n || memcmp(text, head, n) != 0) return -1;
  int k = 0;
  const char *digits = text + n, *p = digits;
  while (p < end && *p >= '0' && *p <= '9' && k < SENTINELS_MAX) k = 10 * k + (*p++ - '0');
  bool canonical = p > digits && (*digits != '0' || p == digits + 1);
  if (!canonical || p == end || *p != '>') return -1;
  int32_t id = tokenizer_sentinel(t, k);
  if (id >= 0) *size = (size_t)(p + 1 - text);
  return id;
}

/* The end of the part of [text, end) that SentencePiece takes in one piece: the first sentinel,
 * whose id and size are returned, or a place in a word longer than WORD_MAX (SentencePiece takes
 * quadratic time in a run of characters it does not know), or `end`. */
static const char *find_stop(const Tokenizer *t, const char *text, const char *end, int32_t *id,
                             size_t *size) {
  const char *word = text;
  *size = 0;
  for (const char *p = text; p < end; p++) {
    unsigned char c = (unsigned char)*p;
    if (c == '<' && (*id = match_sentinel(t, p, end, size)) >= 0) return p;
    if (c <= ' ') word = p + 1;
    bool starts = (c & 0xc0) != 0x80; /* a code point */
    if (starts && p - word > WORD_MAX) return p;
  }
  return end;
}

typedef struct IdList {
  int32_t *ids; /* owned */
  size_t count;
} IdList;

static Status append_ids(IdList *list, const int32_t *ids, size_t n, Error *err) {
  if (n == 0) return STATUS_OK;
  int32_t *grown = array_grow(list->ids, list->count, n, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "tokenizer: out of memory");
  list->ids = grown;
  memcpy(list->ids + list->count, ids, n * sizeof *ids);
  list->count += n;
  return STATUS_OK;
}

static Status encode_parts(const Tokenizer *t, const char *text, const char *end, IdList *list,
                           Error *err) {
  while (text < end) {
    int32_t sentinel, *ids;
    int64_t count;
    size_t size;
    const char *stop = find_stop(t, text, end, &sentinel, &size);
    TRY(sp_encode(t->model, text, (size_t)(stop - text), &ids, &count, err));
    Status status = append_ids(list, ids, (size_t)count, err);
    free(ids);
    if (status != STATUS_OK) return status;
    if (size) TRY(append_ids(list, &sentinel, 1, err));
    text = stop + size;
  }
  return STATUS_OK;
}

Status tokenizer_encode(const Tokenizer *t, const char *text, size_t size, int32_t **ids,
                        int64_t *count, Error *err) {
  *ids = NULL;
  *count = 0;
  size_t valid = utf8_valid(text, size);
  if (valid < size) {
    return error_set(err, STATUS_INPUT, "tokenizer: byte %zu of the text is not UTF-8", valid);
  }
  IdList list = {.ids = malloc(sizeof *list.ids)}; /* not NULL even of an empty text */
  Status status = list.ids ? encode_parts(t, text, text + size, &list, err)
                           : error_set(err, STATUS_RUN, "tokenizer: out of memory");
  if (status != STATUS_OK) {
    free(list.ids);
    return status;
  }
  *ids = list.ids;
  *count = (int64_t)list.count;
  return STATUS_OK;
}

Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, int64_t count, char **text,
                        Error *err) {
  *text = NULL;
  int32_t *kept = malloc(((size_t)count + 1) * sizeof *kept);
  if (!kept) return error_set(err, STATUS_RUN, "tokenizer: out of memory");
  int64_t n = 0;
  for (int64_t i = 0; i < count; i++) {
    bool piece = ids[i] >= 0 && ids[i] < t->ids.pieces;
    bool special = ids[i] == t->ids.pad || ids[i] == t->ids.eos || ids[i] == t->ids.unk;
    if (piece && !special) kept[n++] = ids[i];
  }
  Status status = sp_decode(t->model, kept, n, text, err);
  free(kept);
  return status;
}

/* Training. */

Status tokenizer_train(const char *const *texts, size_t count, int32_t pieces, const char *path,
                       Error *err) {
  for (size_t i = 0; i < count; i++) {
    size_t size = strlen(texts[i]), valid = utf8_valid(texts[i], size);
    if (valid == size) continue;
    return error_set(err, STATUS_INPUT, "training the tokenizer: byte %zu of text %zu is not UTF-8",
                     valid, i);
  }
  char *model;
  size_t size;
  TRY(sp_train(texts, count, pieces, &model, &size, err));
  Status status = file_write(path, model, size, err);
  free(model);
  return status;
}

#include "data/tokenizer/unigram.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "data/text/json_number.h"
#include "data/tokenizer/unicode.h"

static const double UNKNOWN_PENALTY = 10;

typedef struct Unigram {
  const Pieces *pieces;
  double *score;  /* [count] */
  double unknown; /* score of a character that is no piece */
  int32_t unk;
} Unigram;

Status unigram_make(void **model, const Pieces *pieces, double *score, int32_t unk, Error *err) {
  Unigram *u = malloc(sizeof *u);
  *model = u;
  if (!u) {
    free(score);
    return error_set(err, STATUS_RUN, "tokenizer: out of memory");
  }
  double least = INFINITY;
  for (int32_t i = 0; i < pieces->count; i++) least = fmin(least, score[i]);
  *u = (Unigram){pieces, score, least - UNKNOWN_PENALTY, unk};
  return STATUS_OK;
}

double unigram_score(const void *model, int32_t id) {
  return ((const Unigram *)model)->score[id];
}

static void hash_unigram(const void *model, Hash *hash) {
  const Unigram *u = model;
  hash_add(hash, u->score, (size_t)u->pieces->count * sizeof *u->score);
}

static void close_unigram(void *model) {
  Unigram *u = model;
  if (u) free(u->score);
  free(u);
}

/* The best way to a place of a word: its sum, its last piece and where that begins. */
typedef struct Way {
  double sum;
  size_t from;
  int32_t id; /* -1: no way was found yet */
} Way;

static void improve(Way *way, double sum, size_t from, int32_t id) {
  if (way->id < 0 || sum > way->sum) *way = (Way){sum, from, id};
}

/* The ways that begin with the best one to `from`, by every piece that the rest begins with. */
static void extend_ways(const Unigram *u, const char *word, size_t size, size_t from, Way *way) {
  size_t character = utf8_size(word + from);
  bool known = false;
  uint32_t node = 0;
  for (size_t to = from; to < size;) {
    node = pieces_step(u->pieces, node, (unsigned char)word[to++]);
    if (!node) break;
    int32_t id = u->pieces->node[node].id;
    if (id < 0) continue;
    improve(&way[to], u->score[id] + way[from].sum, from, id);
    if (to == from + character) known = true;
  }
  if (!known) improve(&way[from + character], u->unknown + way[from].sum, from, u->unk);
}

/* Where the token begins that ends at `end`: its piece's place, or that of the first of the unknown
 * characters before it. */
static size_t token_start(const Unigram *u, const Way *way, size_t end) {
  size_t from = way[end].from;
  while (way[end].id == u->unk && from > 0 && way[from].id == u->unk) from = way[from].from;
  return from;
}

/* The id of the token of [from, end): unknown characters may together be a piece after all. */
static int32_t token_id(const Unigram *u, const char *word, const Way *way, size_t from,
                        size_t end) {
  if (way[end].id != u->unk) return way[end].id;
  int32_t id = pieces_find(u->pieces, word + from, end - from);
  return id < 0 ? u->unk : id;
}

static Status put_ids(const Unigram *u, const char *word, size_t size, const Way *way, IdList *ids,
                      Error *err) {
  size_t count = 0;
  for (size_t end = size; end > 0; end = token_start(u, way, end)) count++;
  int32_t *id = ids_add(ids, count, err);
  if (!id) return STATUS_RUN;
  for (size_t end = size; end > 0;) {
    size_t from = token_start(u, way, end);
    id[--count] = token_id(u, word, way, from, end);
    end = from;
  }
  return STATUS_OK;
}

static Status encode_unigram(const void *model, const char *word, size_t size, IdList *ids,
                             Error *err) {
  const Unigram *u = model;
  Way few[128], *way = size < sizeof few / sizeof *few ? few : malloc((size + 1) * sizeof *way);
  if (!way) return error_set(err, STATUS_RUN, "tokenizer: out of memory");
  for (size_t i = 0; i <= size; i++) way[i] = (Way){.id = -1};
  way[0].sum = 0;
  for (size_t from = 0; from < size; from += utf8_size(word + from))
    extend_ways(u, word, size, from, way);
  Status status = put_ids(u, word, size, way, ids, err);
  if (way != few) free(way);
  return status;
}

/* Reading "model" of a tokenizer.json: {"type", "unk_id", "vocab": [[piece, score], ...],
 * "byte_fallback"}. */

static Status field_error(const char *path, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: model: %s", path, what);
}

static Status read_piece(Pieces *pieces, double *score, const json_t *row, const char *path,
                         Error *err) {
  const json_t *text = json_array_get(row, 0), *number = json_array_get(row, 1);
  if (json_array_size(row) != 2 || !json_is_string(text) || !json_is_number(number)) {
    return error_set(err, STATUS_INPUT, "%s: model: vocab: entry %" PRId32 " is no [piece, score]",
                     path, pieces->count);
  }
  score[pieces->count] = json_number_value(number);
  if (fabs(score[pieces->count]) >= JSON_TOO_LARGE) {
    return error_set(err, STATUS_INPUT, "%s: model: vocab: the score of entry %" PRId32 " %s", path,
                     pieces->count, "is too large");
  }
  return pieces_add(pieces, json_string_value(text), json_string_length(text), path, err);
}

static Status read_fields(const json_t *json, size_t *count, int32_t *unk, const char *path,
                          Error *err) {
  const json_t *vocab = json_object_get(json, "vocab"), *id = json_object_get(json, "unk_id");
  if (json_is_true(json_object_get(json, "byte_fallback"))) {
    return field_error(path, "byte_fallback is not supported: T5's tokenizers do without", err);
  }
  *count = json_array_size(vocab);
  if (!json_is_array(vocab) || *count == 0) {
    return field_error(path, "vocab is no list of pieces", err);
  }
  if (*count > PIECES_MAX) return field_error(path, "vocab has too many pieces", err);
  if (!json_is_integer(id)) return field_error(path, "unk_id is not there, which T5 needs", err);
  if (json_integer_value(id) < 0 || json_integer_value(id) >= (json_int_t)*count) {
    return error_set(err, STATUS_INPUT,
                     "%s: model: unk_id is %" JSON_INTEGER_FORMAT ", vocab has %zu pieces", path,
                     json_integer_value(id), *count);
  }
  *unk = (int32_t)json_integer_value(id);
  return STATUS_OK;
}

static Status read_unigram(void **model, Pieces *pieces, int32_t *unk, const json_t *json,
                           const char *path, Error *err) {
  size_t count = 0;
  TRY(read_fields(json, &count, unk, path, err));
  double *score = malloc(count * sizeof *score);
  if (!score) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  const json_t *vocab = json_object_get(json, "vocab");
  Status status = STATUS_OK;
  for (size_t i = 0; i < count && status == STATUS_OK; i++)
    status = read_piece(pieces, score, json_array_get(vocab, i), path, err);
  if (status == STATUS_OK) status = pieces_index(pieces, path, err);
  if (status == STATUS_OK) return unigram_make(model, pieces, score, *unk, err);
  free(score);
  return status;
}

const TokenizerKind UNIGRAM = {.name = "Unigram",
                               .of = "T5",
                               .end = {"eos_token", "</s>"},
                               .padding = {"pad_token", "<pad>"},
                               .read = read_unigram,
                               .encode = encode_unigram,
                               .hash = hash_unigram,
                               .close = close_unigram};

#include "data/tokenizer/wordpiece.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/tokenizer/unicode.h"

enum { CHARACTERS = 100, CHARACTERS_MAX = 1 << 20 };

typedef struct WordPiece {
  const Pieces *pieces;
  bool continues; /* there are pieces that continue a word: */
  uint32_t rest;  /* the node that their prefix leads to */
  int64_t most;   /* characters of a word; longer ones are unknown */
  int32_t unk;
  char *prefix;
} WordPiece;

/* Making. */

static Status model_error(const char *path, const char *what, const char *text, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: model: %s '%.100s'", path, what, text);
}

static void find_rest(WordPiece *w) {
  w->continues = true;
  for (const char *p = w->prefix; *p && w->continues; p++) {
    w->rest = pieces_step(w->pieces, w->rest, (unsigned char)*p);
    w->continues = w->rest != 0;
  }
}

static Status make(void **model, const Pieces *pieces, const char *prefix, const char *unknown,
                   int64_t most, const char *path, Error *err) {
  int32_t unk = pieces_find(pieces, unknown, strlen(unknown));
  if (unk < 0) return model_error(path, "vocab has no unknown piece", unknown, err);
  WordPiece *w = calloc(1, sizeof *w);
  if (!w || !(w->prefix = strdup(prefix))) {
    free(w);
    return error_set(err, STATUS_RUN, "%s: out of memory", path);
  }
  w->pieces = pieces;
  w->most = most;
  w->unk = unk;
  find_rest(w);
  *model = w;
  return STATUS_OK;
}

Status wordpiece_make(void **model, const Pieces *pieces, const char *unknown, int32_t *unk,
                      const char *path, Error *err) {
  TRY(make(model, pieces, "##", unknown ? unknown : "[UNK]", CHARACTERS, path, err));
  *unk = ((const WordPiece *)*model)->unk;
  return STATUS_OK;
}

static void close_wordpiece(void *model) {
  WordPiece *w = model;
  if (w) free(w->prefix);
  free(w);
}

static void hash_wordpiece(const void *model, Hash *hash) {
  const WordPiece *w = model;
  hash_add_string(hash, w->prefix);
  hash_add(hash, &w->most, sizeof w->most);
}

/* Cutting. */

static int64_t count_characters(const char *word, size_t size) {
  int64_t count = 0;
  for (size_t at = 0; at < size; at += utf8_size(word + at)) count++;
  return count;
}

/* The longest piece below a node that the text begins with, and its bytes; -1: there is none. */
static int32_t longest_piece(const WordPiece *w, uint32_t node, const char *text, size_t size,
                             size_t *taken) {
  int32_t found = -1;
  for (size_t at = 0; at < size;) {
    node = pieces_step(w->pieces, node, (unsigned char)text[at++]);
    if (!node) break;
    if (w->pieces->node[node].id < 0) continue;
    found = w->pieces->node[node].id;
    *taken = at;
  }
  return found;
}

static Status put_unknown(const WordPiece *w, IdList *ids, size_t before, Error *err) {
  ids->count = before;
  int32_t *id = ids_add(ids, 1, err);
  if (id) *id = w->unk;
  return id ? STATUS_OK : STATUS_RUN;
}

static Status encode_wordpiece(const void *model, const char *word, size_t size, IdList *ids,
                               Error *err) {
  const WordPiece *w = model;
  size_t before = ids->count, taken = 0;
  if (count_characters(word, size) > w->most) return put_unknown(w, ids, before, err);
  for (size_t at = 0; at < size; at += taken) {
    bool can = at == 0 || w->continues;
    int32_t piece = can ? longest_piece(w, at ? w->rest : 0, word + at, size - at, &taken) : -1;
    if (piece < 0) return put_unknown(w, ids, before, err);
    int32_t *id = ids_add(ids, 1, err);
    if (!id) return STATUS_RUN;
    *id = piece;
  }
  return STATUS_OK;
}

/* Reading "model" of a tokenizer.json: {"type", "unk_token", "continuing_subword_prefix",
 * "max_input_chars_per_word", "vocab": {piece: id, ...}}. */

/* The pieces by their ids, which are 0 and on. */
static Status sort_pieces(const char **piece, json_t *vocab, const char *path, Error *err) {
  const char *text;
  json_t *value;
  int64_t count = (int64_t)json_object_size(vocab);
  json_object_foreach(vocab, text, value) {
    int64_t id = json_is_integer(value) ? json_integer_value(value) : -1;
    if (id < 0 || id >= count) {
      return error_set(err, STATUS_INPUT,
                       "%s: model: vocab: the id of '%.100s' is none of 0 to %" PRId64, path, text,
                       count - 1);
    }
    if (piece[id]) {
      return error_set(err, STATUS_INPUT, "%s: model: vocab: '%.100s' and '%.100s' have one id",
                       path, piece[id], text);
    }
    piece[id] = text;
  }
  return STATUS_OK;
}

static Status read_pieces(Pieces *pieces, json_t *vocab, const char *path, Error *err) {
  size_t count = json_object_size(vocab);
  if (count == 0 || count > PIECES_MAX) {
    return error_set(err, STATUS_INPUT, "%s: model: vocab is no object of 1 to %d pieces", path,
                     PIECES_MAX);
  }
  const char **piece = calloc(count, sizeof *piece);
  if (!piece) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = sort_pieces(piece, vocab, path, err);
  for (size_t i = 0; i < count && status == STATUS_OK; i++)
    status = pieces_add(pieces, piece[i], strlen(piece[i]), path, err);
  free(piece);
  return status == STATUS_OK ? pieces_index(pieces, path, err) : status;
}

static Status read_text(const json_t *json, const char *key, const char **text, const char *path,
                        Error *err) {
  const json_t *value = json_object_get(json, key);
  if (value && !json_is_string(value)) return model_error(path, "is no text:", key, err);
  if (value) *text = json_string_value(value);
  return STATUS_OK;
}

static Status read_wordpiece(void **model, Pieces *pieces, int32_t *unk, const json_t *json,
                             const char *path, Error *err) {
  const char *prefix = "##", *unknown = "[UNK]";
  const json_t *most = json_object_get(json, "max_input_chars_per_word");
  int64_t characters = most ? json_integer_value(most) : CHARACTERS;
  if (characters < 1 || characters > CHARACTERS_MAX) {
    return model_error(path, "is no number of characters:", "max_input_chars_per_word", err);
  }
  TRY(read_text(json, "unk_token", &unknown, path, err));
  TRY(read_text(json, "continuing_subword_prefix", &prefix, path, err));
  TRY(read_pieces(pieces, json_object_get(json, "vocab"), path, err));
  TRY(make(model, pieces, prefix, unknown, characters, path, err));
  *unk = ((const WordPiece *)*model)->unk;
  return STATUS_OK;
}

const TokenizerKind WORDPIECE = {.name = "WordPiece",
                                 .of = "BERT",
                                 .begin = {"cls_token", "[CLS]"},
                                 .end = {"sep_token", "[SEP]"},
                                 .padding = {"pad_token", "[PAD]"},
                                 .mask = {"mask_token", "[MASK]"},
                                 .read = read_wordpiece,
                                 .encode = encode_wordpiece,
                                 .hash = hash_wordpiece,
                                 .close = close_wordpiece};

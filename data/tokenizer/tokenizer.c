#include "data/tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/utf8.h"
#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/unicode.h"

/* Opening. */

/* Where a tokenizer lies; NULL where there is no such file. */
typedef struct Place {
  char *dir, *json, *spiece, *vocab;
} Place;

static void free_place(Place *p) {
  free(p->dir);
  free(p->json);
  free(p->spiece);
  free(p->vocab);
}

static void drop_missing(char **path) {
  if (!*path || file_exists(*path)) return;
  free(*path);
  *path = NULL;
}

static bool ends_in(const char *path, const char *end) {
  size_t n = strlen(path), m = strlen(end);
  return n > m && strcmp(path + n - m, end) == 0;
}

/* Neither file is there; a ByT5 needs none. */
static Status refuse_missing(const char *dir, Error *err) {
  TokenizerConfig c;
  TRY(tokenizer_config_open(&c, dir, err));
  const char *class = json_string_value(json_object_get(c.config.root, "tokenizer_class"));
  Status status =
      class && strncmp(class, "ByT5", 4) == 0
          ? error_set(err, STATUS_INPUT,
                      "%s: tokenizer_class: is %.40s, whose tokens are bytes; only pieces of a "
                      "Unigram vocabulary are read",
                      c.config_path, class)
          : error_set(err, STATUS_INPUT,
                      "%s: has no tokenizer.json, spiece.model or vocab.txt; get one of them from "
                      "the checkpoint",
                      dir);
  tokenizer_config_close(&c);
  return status;
}

static Status find_in(Place *p, const char *dir, Error *err) {
  p->dir = strdup(dir);
  p->json = path_join(dir, "tokenizer.json");
  p->spiece = path_join(dir, "spiece.model");
  p->vocab = path_join(dir, "vocab.txt");
  if (!p->dir || !p->json || !p->spiece || !p->vocab) {
    return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  }
  drop_missing(&p->json);
  drop_missing(&p->spiece);
  drop_missing(&p->vocab);
  if (p->json || p->spiece || p->vocab) return STATUS_OK;
  return refuse_missing(dir, err);
}

static Status find_files(Place *p, const char *path, Error *err) {
  struct stat info;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return find_in(p, path, err);
  char **file = ends_in(path, ".json") ? &p->json : ends_in(path, ".txt") ? &p->vocab : &p->spiece;
  p->dir = path_parent(path);
  *file = strdup(path);
  return p->dir && *file ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", path);
}

static Status find_sentinels(Tokenizer *t, Error *err) {
  for (;;) {
    char name[32];
    int size = snprintf(name, sizeof name, "<extra_id_%d>", t->sentinels);
    int32_t id = added_find(&t->added, name, (size_t)size);
    if (id < 0) return STATUS_OK;
    int32_t *grown = array_grow(t->sentinel, (size_t)t->sentinels, 1, sizeof *grown);
    if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory", t->path);
    t->sentinel = grown;
    t->sentinel[t->sentinels++] = id;
  }
}

static Status read_pieces(Tokenizer *t, const Place *p, const TokenizerConfig *c, Error *err) {
  int32_t sentinels;
  TRY(tokenizer_config_sentinels(c, &sentinels, err));
  if (p->json) return tokenizer_json_read(t, t->path, err);
  return p->spiece ? tokenizer_spiece_read(t, t->path, sentinels, err)
                   : tokenizer_vocab_read(t, t->path, c, err);
}

static Status read_files(Tokenizer *t, const Place *p, const TokenizerConfig *c, Error *err) {
  t->from_json = p->json != NULL;
  t->path = strdup(p->json ? p->json : p->spiece ? p->spiece : p->vocab);
  if (!t->path) return error_set(err, STATUS_RUN, "%s: out of memory", p->dir);
  TRY(read_pieces(t, p, c, err));
  if (p->json && p->spiece) TRY(tokenizer_spiece_compare(t, p->spiece, err));
  TRY(tokenizer_vocab_compare(t, c, err));
  TRY(tokenizer_config_apply(c, t, err));
  TRY(added_index(&t->added, &t->normalizer, t->path, err));
  return find_sentinels(t, err);
}

static Status open_place(Tokenizer *t, const char *path, Error *err) {
  Place place = {0};
  TokenizerConfig config = {0};
  Status status = find_files(&place, path, err);
  if (status == STATUS_OK) status = tokenizer_config_open(&config, place.dir, err);
  if (status == STATUS_OK) status = read_files(t, &place, &config, err);
  tokenizer_config_close(&config);
  free_place(&place);
  return status;
}

Status tokenizer_open(Tokenizer **out, const char *path, Error *err) {
  *out = NULL;
  Tokenizer *t = calloc(1, sizeof *t);
  if (!t) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  t->begin = t->eos = t->pad = -1;
  Status status = open_place(t, path, err);
  if (status == STATUS_OK) {
    *out = t;
  } else {
    tokenizer_close(t);
  }
  return status;
}

void tokenizer_close(Tokenizer *t) {
  if (!t) return;
  if (t->kind) t->kind->close(t->model);
  added_close(&t->added);
  normalizer_free(&t->normalizer);
  pieces_free(&t->pieces);
  free(t->sentinel);
  free(t->path);
  free(t);
}

/* Ids. */

const char *tokenizer_path(const Tokenizer *t) {
  return t->path;
}

int32_t tokenizer_size(const Tokenizer *t) {
  return t->added.ids;
}

const char *tokenizer_kind(const Tokenizer *t) {
  return t->kind->name;
}

Status tokenizer_lower_first(Tokenizer *t, Error *err) {
  for (size_t i = 0; i < t->normalizer.count; i++) {
    if (t->normalizer.step[i].type == NORMALIZE_LOWERCASE) return STATUS_OK;
  }
  return normalizer_lower_first(&t->normalizer, t->path, err);
}

int32_t tokenizer_begin(const Tokenizer *t) {
  return t->begin;
}

int32_t tokenizer_eos(const Tokenizer *t) {
  return t->eos;
}

int32_t tokenizer_pad(const Tokenizer *t) {
  return t->pad;
}

int32_t tokenizer_unknown(const Tokenizer *t) {
  return t->unk;
}

int32_t tokenizer_sentinel(const Tokenizer *t, int k) {
  return k >= 0 && k < t->sentinels ? t->sentinel[k] : -1;
}

const char *tokenizer_piece(const Tokenizer *t, int64_t id) {
  const AddedToken *token = added_at(&t->added, id);
  if (token) return token->shown;
  return id >= 0 && id < t->pieces.count ? t->pieces.piece[id].text : NULL;
}

/* Encoding: added tokens that are not normalised, then for each of the parts between them: the
 * normaliser, added tokens that are, then words, then pieces. */

typedef struct Encoding {
  const Tokenizer *t;
  IdList ids;
} Encoding;

static Status put_token(void *arg, int32_t id, Error *err) {
  Encoding *e = arg;
  int32_t *at = ids_add(&e->ids, 1, err);
  if (at) *at = id;
  return at ? STATUS_OK : STATUS_RUN;
}

static Status encode_word(void *arg, TextPart word, Error *err) {
  Encoding *e = arg;
  return e->t->kind->encode(e->t->model, word.text, word.size, &e->ids, err);
}

static Status encode_normalized(void *arg, TextPart part, Error *err) {
  Encoding *e = arg;
  return pre_tokenizer_apply(&e->t->pre_tokenizer, part, encode_word, e, err);
}

static Status encode_part(void *arg, TextPart part, Error *err) {
  Encoding *e = arg;
  const AddedTokens *added = &e->t->added;
  AddedSink sink = {put_token, encode_normalized, e};
  TokenText text;
  Status status = normalizer_apply(&e->t->normalizer, part, &text, err);
  if (status == STATUS_OK)
    status = added_split(added, &added->normalized, text_whole(&text), &sink, err);
  text_free(&text);
  return status;
}

Status tokenizer_encode(const Tokenizer *t, const char *text, size_t size, int32_t **ids,
                        int64_t *count, Error *err) {
  *ids = NULL;
  *count = 0;
  size_t valid = utf8_valid(text, size);
  if (valid < size) {
    return error_set(err, STATUS_INPUT, "tokenizer: byte %zu of the text is not UTF-8", valid);
  }
  Encoding e = {.t = t};
  AddedSink sink = {put_token, encode_part, &e};
  TextPart whole = {text, size, size ? utf8_size(text) : 0};
  Status status = added_split(&t->added, &t->added.raw, whole, &sink, err);
  if (status == STATUS_OK && !e.ids.id) e.ids.id = malloc(1); /* not NULL even of an empty text */
  if (status == STATUS_OK && !e.ids.id) {
    status = error_set(err, STATUS_RUN, "tokenizer: out of memory");
  }
  if (status != STATUS_OK) {
    free(e.ids.id);
    return status;
  }
  *ids = e.ids.id;
  *count = (int64_t)e.ids.count;
  return STATUS_OK;
}

/* Embeddings without a model: character n-grams, weighed by how rare they are in a corpus.
 *
 * A text is cut into words at white space (ASCII's and Unicode's spaces); A to Z become a to z;
 * each word stands between two blanks, and its n-grams are its runs of n = 3, 4 and 5 characters
 * (code points); a word that is shorter than n with its blanks is one n-gram, once. With c the
 * count of an n-gram in the text, N the number of texts of the corpus and df the number of those
 * that have the n-gram,
 *
 *   weight = (1 + ln c) (1 + ln((1 + N) / (1 + df)))
 *
 * is added, with the sign that the hash's highest bit says, to coordinate (hash mod DIM), and the
 * vector is divided by its length. The hash is FNV-1a of the n-gram's UTF-8 bytes, 64 bits, mixed
 * by the finaliser of MurmurHash3. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "autograd/ground/byte_hash.h"
#include "autograd/ground/order.h"
#include "data/text/utf8.h"
#include "infer/embed/embed_method.h"

enum { DIM = 2048, SHORTEST = 3, LONGEST = 5 };

/* The hashes of n-grams. */
typedef struct Grams {
  uint64_t *hash;
  size_t count;
} Grams;

typedef struct Lexical {
  Grams corpus; /* n-grams of each text, once a text, sorted */
  int texts;
} Lexical;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the lexical embedder");
}

static Status push_hash(Grams *g, uint64_t hash, Error *err) {
  uint64_t *grown = array_grow(g->hash, g->count, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  g->hash = grown;
  g->hash[g->count++] = hash;
  return STATUS_OK;
}

/* ---- n-grams of a text ---- */

static size_t character_size(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Bytes of the white space that `p` begins with; 0 when it begins with something else. */
static size_t blank_size(const unsigned char *p) {
  if (*p == ' ' || (*p >= '\t' && *p <= '\r')) return 1;
  if (p[0] == 0xc2 && (p[1] == 0x85 || p[1] == 0xa0)) return 2;
  if (p[0] == 0xe2 && p[1] == 0x80 &&
      (p[2] <= 0x8a || p[2] == 0xa8 || p[2] == 0xa9 || p[2] == 0xaf))
    return 3;
  if (p[0] == 0xe2 && p[1] == 0x81 && p[2] == 0x9f) return 3;
  return p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80 ? 3 : 0;
}

/* The n-grams of a word between its blanks, [size] bytes at `p`. */
static Status word_grams(const unsigned char *p, size_t size, Grams *out, Error *err) {
  for (int n = SHORTEST; n <= LONGEST; n++) {
    size_t begin = 0, end = 0;
    for (int k = 0; k < n && end < size; k++) end += character_size(p[end]);
    TRY(push_hash(out, byte_hash(p, end), err));
    if (end == size) break; /* the whole word: longer n-grams are the same */
    while (end < size) {
      begin += character_size(p[begin]);
      end += character_size(p[end]);
      TRY(push_hash(out, byte_hash(p + begin, end - begin), err));
    }
  }
  return STATUS_OK;
}

/* The n-grams of a copy of the text in `room`, in which each word is put between blanks. */
static Status cut_words(const unsigned char *text, unsigned char *room, Grams *out, Error *err) {
  while (*text) {
    size_t size = 1, skip = blank_size(text);
    if (skip) {
      text += skip;
      continue;
    }
    room[0] = ' ';
    while (*text && !blank_size(text)) {
      for (size_t k = character_size(*text); k > 0; k--, text++) {
        room[size++] = (unsigned char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
      }
    }
    room[size++] = ' ';
    TRY(word_grams(room, size, out, err));
  }
  return STATUS_OK;
}

/* All n-grams of the text, sorted, as often as they are there. */
static Status text_grams(const char *text, Grams *out, Error *err) {
  size_t size = strlen(text), valid = utf8_valid(text, size);
  if (valid < size) {
    return error_set(err, STATUS_INPUT, "'%.80s': byte %zu: is not UTF-8", text, valid);
  }
  unsigned char *room = malloc(size + 2);
  if (!room) return no_memory(err);
  Status status = cut_words((const unsigned char *)text, room, out, err);
  free(room);
  if (status == STATUS_OK && out->count > 0) {
    qsort(out->hash, out->count, sizeof *out->hash, order_uint64);
  }
  return status;
}

/* Number of entries equal to hash[at] from `at` on. */
static size_t run_length(const Grams *g, size_t at) {
  size_t n = 1;
  while (at + n < g->count && g->hash[at + n] == g->hash[at]) n++;
  return n;
}

/* ---- the corpus ---- */

static Status add_text(Lexical *l, const char *text, Error *err) {
  Grams grams = {0};
  Status status = text_grams(text, &grams, err);
  for (size_t i = 0; i < grams.count && status == STATUS_OK; i += run_length(&grams, i)) {
    status = push_hash(&l->corpus, grams.hash[i], err);
  }
  free(grams.hash);
  l->texts++;
  return status;
}

static void lexical_close(void *self) {
  Lexical *l = self;
  free(l->corpus.hash);
  free(l);
}

/* The vectors depend on the corpus through its size and its n-grams, which are sorted: the order of
 * the texts is nothing. */
static Status lexical_name(const Lexical *l, char name[EMBEDDER_NAME], Error *err) {
  char hex[HASH_HEX];
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  int64_t texts = l->texts;
  hash_add(hash, &texts, sizeof texts);
  hash_add(hash, l->corpus.hash, l->corpus.count * sizeof *l->corpus.hash);
  hash_finish(hash, hex);
  snprintf(name, EMBEDDER_NAME, "lexical-1-%.12s", hex);
  return STATUS_OK;
}

static Status lexical_open(const EmbedderSpec *spec, void **self, char name[EMBEDDER_NAME],
                           int64_t *dim, Error *err) {
  Lexical *l = calloc(1, sizeof *l);
  if (!l) return no_memory(err);
  Status status = STATUS_OK;
  for (int i = 0; i < spec->corpus_count && status == STATUS_OK; i++) {
    status = add_text(l, spec->corpus[i], err);
  }
  if (l->corpus.count > 0) {
    qsort(l->corpus.hash, l->corpus.count, sizeof *l->corpus.hash, order_uint64);
  }
  if (status == STATUS_OK) status = lexical_name(l, name, err);
  if (status == STATUS_OK) {
    *self = l;
    *dim = DIM;
  } else {
    lexical_close(l);
  }
  return status;
}

/* The first place in the sorted list whose value is not below `hash`. */
static size_t lower_bound(const Grams *g, uint64_t hash) {
  size_t low = 0, high = g->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (g->hash[middle] < hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static double gram_rarity(const Lexical *l, uint64_t hash) {
  size_t at = lower_bound(&l->corpus, hash);
  bool found = at < l->corpus.count && l->corpus.hash[at] == hash;
  double texts = found ? (double)run_length(&l->corpus, at) : 0;
  return 1 + log((1 + (double)l->texts) / (1 + texts));
}

/* ---- the vector of a text ---- */

static void add_grams(const Lexical *l, const Grams *grams, double sum[DIM]) {
  size_t times;
  for (size_t i = 0; i < grams->count; i += times) {
    uint64_t hash = grams->hash[i];
    times = run_length(grams, i);
    double weight = (1 + log((double)times)) * gram_rarity(l, hash);
    sum[hash % DIM] += hash >> 63 ? -weight : weight;
  }
}

static Status lexical_embed(void *self, const char *key, const char *text, float *out, Error *err) {
  (void)key;
  Grams grams = {0};
  double sum[DIM] = {0}, square = 0;
  Status status = text_grams(text, &grams, err);
  add_grams(self, &grams, sum);
  free(grams.hash);
  TRY(status);
  for (int i = 0; i < DIM; i++) square += sum[i] * sum[i];
  if (square == 0) {
    return error_set(err, STATUS_INPUT, "'%.80s': a text to be embedded has no content", text);
  }
  for (int i = 0; i < DIM; i++) out[i] = (float)(sum[i] / sqrt(square));
  return STATUS_OK;
}

const EmbedderMethod embed_lexical = {
    .open = lexical_open, .embed = lexical_embed, .close = lexical_close};

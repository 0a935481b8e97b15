/* The readers of tokenizers, and of texts: whatever opens works, and a tokenizer that is saved is
 * the same when it is opened again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/text/utf8.h"
#include "data/tokenizer/base64.h"
#include "data/tokenizer/charsmap.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/fuzz/target.h"
#include "tests/spiece_model.h"

#define SMALL_JSON "tests/fuzz/seeds/*.tokenizer.json"

static const char TEXT[] =
    " a bab the old<extra_id_0> foo word  left caf\xc3\xa9 e\xcc\x82\xcc\x81 \xef\xac\x81 "
    "\xe6\x97\xa5 \xf0\x9f\x99\x82\xc2\xbd </s>\n";

typedef struct Ids {
  int32_t *id;
  int64_t count;
} Ids;

/* The ids of a text, each of which is one, and is decoded to UTF-8. */
static Ids encode(const Tokenizer *t, const char *text, size_t size) {
  Error err = {0};
  Ids ids;
  char *back;
  sound(tokenizer_encode(t, text, size, &ids.id, &ids.count, &err), &err);
  for (int64_t i = 0; i < ids.count; i++) {
    MUST(ids.id[i] >= 0 && ids.id[i] < tokenizer_size(t) && tokenizer_piece(t, ids.id[i]));
  }
  sound(tokenizer_decode(t, ids.id, ids.count, &back, &err), &err);
  MUST(utf8_valid(back, strlen(back)) == strlen(back));
  free(back);
  return ids;
}

/* Saved and opened again, a tokenizer gives the same ids. */
static void check_saved(const Input *in, const Tokenizer *t) {
  Error err = {0};
  Tokenizer *again;
  char *copy = place(in, "copy"), before[HASH_HEX], after[HASH_HEX];
  sound(dir_make(copy, &err), &err);
  sound(tokenizer_save(t, copy, &err), &err);
  sound(tokenizer_open(&again, copy, &err), &err);
  sound(tokenizer_fingerprint(t, before, &err), &err);
  sound(tokenizer_fingerprint(again, after, &err), &err);
  MUST(strcmp(before, after) == 0);
  Ids a = encode(t, TEXT, sizeof TEXT - 1), b = encode(again, TEXT, sizeof TEXT - 1);
  MUST(a.count == b.count && memcmp(a.id, b.id, (size_t)a.count * sizeof *a.id) == 0);
  free(a.id);
  free(b.id);
  tokenizer_close(again);
  sound(dir_remove(copy, &err), &err);
  free(copy);
}

static void read_tokenizer(const Input *in) {
  Error err = {0};
  Tokenizer *t;
  if (!taken(in, tokenizer_open(&t, in->dir, &err), &err)) return;
  check_saved(in, t);
  tokenizer_close(t);
}

static char *small_spiece(const char *dir) {
  Error err = {0};
  char *path = place(&(Input){.dir = dir}, "spiece.model");
  Message m = small_model();
  sound(file_write(path, m.bytes, m.size, &err), &err);
  free(m.bytes);
  return path;
}

static void *write_spiece(const char *dir) {
  free(small_spiece(dir));
  return NULL;
}

/* The tokenizer.json of a small spiece.model, alone. */
static void *write_json(const char *dir) {
  Error err = {0};
  Tokenizer *t;
  char *path = small_spiece(dir);
  sound(tokenizer_open(&t, dir, &err), &err);
  sound(tokenizer_save(t, dir, &err), &err);
  tokenizer_close(t);
  remove(path);
  free(path);
  return NULL;
}

/* ---- texts ---- */

static void *open_tokenizer(const char *dir) {
  Error err = {0};
  Tokenizer *t;
  borrow(dir, "tokenizer_files/first/tokenizer.json");
  sound(tokenizer_open(&t, dir, &err), &err);
  return t;
}

static void close_tokenizer(void *world) {
  tokenizer_close(world);
}

static void read_text(const Input *in) {
  Error err = {0};
  Ids ids;
  if (!taken(in, tokenizer_encode(in->world, in->bytes, in->size, &ids.id, &ids.count, &err),
             &err)) {
    return;
  }
  free(ids.id);
  free(encode(in->world, in->bytes, in->size).id);
}

/* Numbers that a model may say, or not. */
static void read_ids(const Input *in) {
  Error err = {0};
  size_t count = in->size / sizeof(int32_t);
  int32_t *ids = malloc((count + 1) * sizeof *ids);
  char *text;
  MUST(ids);
  memcpy(ids, in->bytes, count * sizeof *ids);
  sound(tokenizer_decode(in->world, ids, (int64_t)count, &text, &err), &err);
  MUST(utf8_valid(text, strlen(text)) == strlen(text));
  free(text);
  free(ids);
}

/* ---- rules of a normaliser ---- */

static void read_charsmap(const Input *in) {
  Error err = {0};
  Charsmap m;
  const unsigned char *bytes = (const unsigned char *)in->bytes;
  if (!taken(in, charsmap_open(&m, bytes, in->size, "x", &err), &err)) return;
  size_t length;
  for (const char *p = TEXT; *p; p++) {
    const char *to = charsmap_find(&m, p, strlen(p), &length);
    MUST(!to || utf8_valid(to, length) == length);
  }
  charsmap_close(&m);
}

static void read_base64(const Input *in) {
  Error err = {0};
  unsigned char *bytes;
  size_t count;
  if (!taken(in, base64_decode(in->bytes, in->size, &bytes, &count, "x", "y", &err), &err)) return;
  char *text = base64_encode(bytes, count);
  MUST(text && strlen(text) == in->size && memcmp(text, in->bytes, in->size) == 0);
  free(text);
  free(bytes);
}

const Target tokenizer_targets[] = {
    {.name = "tokenizer-json",
     .file = "tokenizer.json",
     .seeds = SMALL_JSON,
     .words = "tokenizer",
     .most = 6144,
     .world = write_json,
     .run = read_tokenizer},
    {.name = "spiece",
     .file = "spiece.model",
     .seeds = "tests/golden/tokenizer*/*/spiece.model",
     .most = 4096,
     .world = write_spiece,
     .run = read_tokenizer},
    {.name = "tokenizer-config",
     .file = "tokenizer_config.json",
     .seeds =
         "tests/golden/tokenizer*/*/tokenizer_config.json configs/demo/base/tokenizer_config.json",
     .words = "tokenizer",
     .most = 2048,
     .world = write_spiece,
     .run = read_tokenizer},
    {.name = "special-tokens",
     .file = "special_tokens_map.json",
     .seeds = "tests/golden/tokenizer_files/*/special_tokens_map.json",
     .words = "tokenizer",
     .most = 1024,
     .world = write_spiece,
     .run = read_tokenizer},
    {.name = "added-tokens",
     .file = "added_tokens.json",
     .seeds = "tests/golden/tokenizer_files/*/added_tokens.json",
     .words = "tokenizer",
     .most = 1024,
     .world = write_spiece,
     .run = read_tokenizer},
    {.name = "text",
     .seeds = "tests/fuzz/seeds/text.txt",
     .words = "tokenizer",
     .most = 512,
     .world = open_tokenizer,
     .end = close_tokenizer,
     .run = read_text},
    {.name = "ids",
     .seeds = "tests/fuzz/seeds/text.txt",
     .most = 256,
     .world = open_tokenizer,
     .end = close_tokenizer,
     .run = read_ids},
    {.name = "charsmap",
     .seeds = "tests/fuzz/seeds/small.charsmap",
     .most = 2048,
     .run = read_charsmap},
    {.name = "base64", .seeds = "tests/fuzz/seeds/base64.txt", .most = 256, .run = read_base64},
    {0},
};

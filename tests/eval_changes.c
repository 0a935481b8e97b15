#include "tests/eval_changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/embed/embed.h"
#include "tests/eval_world.h"
#include "tests/testing.h"

static const char EMBEDDED[] = "pool/embeddings/other.safetensors";

/* ---- files ---- */

static char *whole_path(Scratch *s, const char *name) {
  char *path = strdup(scratch_path(s, name));
  assert_non_null(path);
  return path;
}

static void copy_file(Scratch *s, const char *from, const char *to) {
  char *text;
  size_t size;
  Error err = {0};
  expect_ok(from, file_read(scratch_path(s, from), 1 << 24, &text, &size, &err), &err);
  scratch_write(s, to, text, size);
  free(text);
}

/* Replaces the first `old` of a file by `new`, which is as long. */
static void replace_in(Scratch *s, const char *name, const char *old, const char *new) {
  char *text = eval_world_read(s, name), *at = strstr(text, old);
  assert_non_null(at);
  assert_int_equal(strlen(old), strlen(new));
  memcpy(at, new, strlen(new));
  scratch_write(s, name, text, strlen(text));
  free(text);
}

static void link_to(Scratch *s, const char *target, const char *name) {
  char *path = whole_path(s, name);
  unlink(path);
  assert_int_equal(symlink(target, path), 0);
  free(path);
}

void link_pool(Scratch *s) {
  link_to(s, "pool", "pool2");
}

void link_base(Scratch *s) {
  link_to(s, "base", "base2");
}

void copy_items(Scratch *s) {
  copy_file(s, "items.jsonl", "copy.jsonl");
}

void change_items(Scratch *s) {
  replace_in(s, "items.jsonl", "who hides", "who finds");
}

void copy_vectors(Scratch *s) {
  copy_file(s, "vectors.json", "vectors2.json");
}

void change_vectors(Scratch *s) {
  replace_in(s, "vectors.json", "0.5", "0.6");
}

/* ---- the world ---- */

static void write_embeddings(Scratch *s, const char *name, float first) {
  static const char *const EXPERT[] = {"wide", "some", "deep"};
  Embeddings e;
  Error err = {0};
  expect_ok("pool", dir_make(scratch_path(s, "pool/embeddings"), &err), &err);
  expect_ok(name, embeddings_new(&e, "other", 3, 2, &err), &err);
  for (int i = 0; i < 3; i++) {
    assert_non_null(e.name[i] = strdup(EXPERT[i]));
    e.vector[2 * i] = first;
    e.vector[2 * i + 1] = (float)i;
  }
  expect_ok(name, embeddings_write(&e, scratch_path(s, name), &err), &err);
  embeddings_free(&e);
}

void eval_changes_world(Scratch *s) {
  char text[2000] = "";
  for (int i = 0; i < 3; i++) {
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "{\"input\": \"who hides %d?\", \"question\": \"who loses %d?\", \"choices\": [\"a "
             "bird\", \"a fish\"], \"options\": [\"a bird\", \"a goose\"], \"label\": 0, "
             "\"right\": 1, \"target\": \"a bird\", \"answer\": \"a fish\", \"instruction\": "
             "\"Say it.\", \"order\": \"Name it.\"}\n",
             i, i);
  }
  scratch_write(s, "items.jsonl", text, strlen(text));
  eval_world_file(s, "both.json",
                  "{\"input\": \"a\", \"target\": \"b\", \"examples\": [{\"input\": \"a\", "
                  "\"target\": \"b\"}]}\n");
  eval_world_file(s, "instructions.jsonl", "{\"name\": \"t\", \"instruction\": \"Say it.\"}\n");
  eval_world_file(s, "vectors.json",
                  "{\"__metadata__\": {\"embedder\": \"other\"}, \"t\": [0.5, 1.0]}");
  dir_remove(scratch_path(s, "pool/embeddings"), NULL);
  write_embeddings(s, EMBEDDED, 0.5F);
}

/* ---- the pool ---- */

static void with_manifest(Scratch *s, void (*change)(PoolManifest *m)) {
  PoolManifest m;
  Error err = {0};
  expect_ok("read", manifest_read(&m, scratch_path(s, "pool"), &err), &err);
  change(&m);
  expect_ok("write", manifest_write(&m, &err), &err);
  manifest_free(&m);
}

static PoolEntry *entry_of(PoolManifest *m, const char *name) {
  int i = manifest_find(m, name);
  assert_true(i >= 0);
  return &m->entry[i];
}

/* Another file in the place of one, as the contributor of the expert might have made it. */
static void new_file(PoolManifest *m, const char *expert, PoolFile file) {
  char *path = manifest_path(m, manifest_find(m, expert), file), *text;
  size_t size;
  Error err = {0};
  expect_ok(path, file_read(path, 1 << 24, &text, &size, &err), &err);
  if (file == POOL_ADAPTER_CONFIG) {
    text[size++] = ' '; /* in the place of the NUL */
  } else {
    text[size - 4] ^= 1; /* a last bit */
  }
  expect_ok(path, file_write(path, text, size, &err), &err);
  expect_ok(path, hash_file(path, entry_of(m, expert)->hash[file], &err), &err);
  free(text);
  free(path);
}

static void new_adapter(PoolManifest *m) {
  new_file(m, "deep", POOL_ADAPTER);
}

static void new_adapter_config(PoolManifest *m) {
  new_file(m, "deep", POOL_ADAPTER_CONFIG);
}

static void new_gate(PoolManifest *m) {
  new_file(m, "deep", POOL_GATE);
}

static void new_activation(PoolManifest *m) {
  new_file(m, "wide", POOL_ACTIVATION);
}

static void set_text(char **text, const char *to) {
  free(*text);
  assert_non_null(*text = strdup(to));
}

static void new_instruction(PoolManifest *m) {
  set_text(&entry_of(m, "deep")->instruction, "Say what is hidden.");
}

static void new_licence(PoolManifest *m) {
  set_text(&entry_of(m, "deep")->licence, "MIT");
}

static void new_order(PoolManifest *m) {
  PoolEntry first = m->entry[0];
  m->entry[0] = m->entry[1];
  m->entry[1] = first;
}

void change_adapter(Scratch *s) {
  with_manifest(s, new_adapter);
}

void change_adapter_config(Scratch *s) {
  with_manifest(s, new_adapter_config);
}

void change_gate(Scratch *s) {
  with_manifest(s, new_gate);
}

void change_activation(Scratch *s) {
  with_manifest(s, new_activation);
}

void change_instruction(Scratch *s) {
  with_manifest(s, new_instruction);
}

void change_licence(Scratch *s) {
  with_manifest(s, new_licence);
}

void swap_experts(Scratch *s) {
  with_manifest(s, new_order);
}

void change_embeddings(Scratch *s) {
  write_embeddings(s, EMBEDDED, 0.6F);
}

void rename_embeddings(Scratch *s) {
  char *from = whole_path(s, EMBEDDED);
  assert_int_equal(rename(from, scratch_path(s, "pool/embeddings/another.safetensors")), 0);
  free(from);
}

void add_examples(Scratch *s) {
  write_embeddings(s, "pool/embeddings/examples-other.safetensors", 0.5F);
}

/* ---- the base ---- */

/* The last bit of the first weight. */
void change_weights(Scratch *s) {
  char *path = whole_path(s, "base/model.safetensors"), *bytes;
  size_t size;
  uint64_t header;
  Error err = {0};
  expect_ok(path, file_read(path, 1 << 24, &bytes, &size, &err), &err);
  memcpy(&header, bytes, sizeof header);
  assert_true(8 + header < size);
  bytes[8 + header] = (char)(bytes[8 + header] ^ 1);
  expect_ok(path, file_write(path, bytes, size, &err), &err);
  free(bytes);
  free(path);
}

void change_config(Scratch *s) {
  replace_in(s, "base/config.json", "1e-06", "1e-05");
}

void change_pieces(Scratch *s) {
  char *from = golden_path("%s", "tokenizer/identity/spiece.model"), *text;
  size_t size;
  Error err = {0};
  expect_ok(from, file_read(from, 1 << 24, &text, &size, &err), &err);
  scratch_write(s, "base/spiece.model", text, size);
  free(text);
  free(from);
}

void change_sentinels(Scratch *s) {
  eval_world_file(s, "base/tokenizer_config.json", "{\"extra_ids\": 7}");
}

/* Pieces that are found in any text are other ids of many texts. */
void change_added_tokens(Scratch *s) {
  eval_world_file(s, "base/added_tokens.json", "{\"a\": 11}");
}

void change_special_tokens(Scratch *s) {
  eval_world_file(s, "base/special_tokens_map.json", "{\"sep_token\": \"a\"}");
}

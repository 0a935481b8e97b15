/* Damaged pool.yaml and embeddings: an error that names the file, or what reads back equal when it
 * is written; never a crash. The sanitizers and valgrind watch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/path.h"
#include "infer/embed/embeddings.h"
#include "infer/pool/pool_manifest.h"
#include "tests/damage.h"

/* Writing flushes a disk, so only some of what is read is written back. */
enum { ROUNDS = 4000, WRITTEN_EVERY = 256, RANK_LEAST = 3, RANK_MOST = 16 };

static void fill_hash(char hex[HASH_HEX], char digit) {
  memset(hex, digit, HASH_HEX - 1);
  hex[HASH_HEX - 1] = '\0';
}

/* ---- pool.yaml ---- */

static const char *const YAML_PIECES[] = {
    "null", "true", "-1",       "0",    ".inf", "1e999", "99999999999", "\"\"", "[]",
    "{}",   ": ",   "- ",       "\n",   "\n\n", "  ",    "\t",          "#",    "---",
    "...",  "&a ",  "*a",       "!!t ", "|\n",  ">\n",   "'",           "\"",   "\\",
    "? ",   "%",    ",",        "[",    "]",    "{",     "}",           "\xff", "\\u0000",
    "../",  "name", "files:\n", "rank", "e0",   "\r\n",  "\xc2\x85"};

static void write_manifest(const char *dir) {
  static const char *const NAME[] = {"e0", "e1", "name-2.b"};
  Error err = {0};
  PoolManifest m = {.dir = strdup(dir), .base_name = strdup("base"), .count = 3};
  assert_non_null(m.entry = calloc(3, sizeof *m.entry));
  fill_hash(m.base, 'b');
  fill_hash(m.sample, '5');
  for (int i = 0; i < 3; i++) {
    m.entry[i] = (PoolEntry){.name = strdup(NAME[i]),
                             .rank_min = RANK_LEAST,
                             .rank_max = RANK_MOST,
                             .alpha_min = 0.5,
                             .alpha_max = 32,
                             .modules = 7,
                             .instruction = strdup(i ? "Is it so?\n- yes\n- no\n" : ""),
                             .licence = strdup(i == 1 ? "MIT" : "")};
    fill_hash(m.entry[i].fingerprint, 'f');
    for (int f = 0; f < POOL_FILES - (i == 2); f++) fill_hash(m.entry[i].hash[f], (char)('0' + i));
  }
  expect_ok("write", manifest_write(&m, &err), &err);
  manifest_free(&m);
}

static bool is_hash(const char *hex, bool optional) {
  size_t digits = strspn(hex, "0123456789abcdef");
  return hex[digits] == '\0' && (digits == HASH_HEX - 1 || (optional && digits == 0));
}

static void check_entry(const PoolManifest *m, int i) {
  const PoolEntry *e = &m->entry[i];
  assert_true(pool_name_valid(e->name));
  assert_int_equal(manifest_find(m, e->name), i);
  assert_true(e->rank_min >= 1 && e->rank_min <= e->rank_max && e->modules >= 1);
  assert_true(isfinite(e->alpha_min) && isfinite(e->alpha_max) && e->alpha_min <= e->alpha_max);
  assert_true(is_hash(e->fingerprint, false));
  for (int f = 0; f < POOL_FILES; f++) assert_true(is_hash(e->hash[f], f >= POOL_GATE));
}

static void expect_same_entry(const PoolEntry *a, const PoolEntry *b) {
  assert_string_equal(a->name, b->name);
  assert_string_equal(a->instruction, b->instruction);
  assert_string_equal(a->licence, b->licence);
  assert_true(a->rank_min == b->rank_min && a->rank_max == b->rank_max);
  assert_true(a->alpha_min == b->alpha_min && a->alpha_max == b->alpha_max);
  assert_true(a->modules == b->modules);
  assert_memory_equal(a->hash, b->hash, sizeof a->hash);
}

/* What was read can be written, and is read again. */
static void expect_written_back(const PoolManifest *m) {
  PoolManifest back;
  Error err = {0};
  expect_ok("write", manifest_write(m, &err), &err);
  expect_ok("read back", manifest_read(&back, m->dir, &err), &err);
  assert_string_equal(back.base_name, m->base_name);
  assert_int_equal(back.count, m->count);
  for (int i = 0; i < m->count; i++) expect_same_entry(&back.entry[i], &m->entry[i]);
  manifest_free(&back);
}

static Status read_manifest(const char *dir, void *arg, Error *err) {
  PoolManifest m;
  int *sound = arg;
  Status status = manifest_read(&m, dir, err);
  if (status != STATUS_OK) return status;
  assert_true(is_hash(m.base, false) && is_hash(m.sample, false));
  for (int i = 0; i < m.count; i++) check_entry(&m, i);
  if ((*sound)++ % WRITTEN_EVERY == 0) expect_written_back(&m);
  manifest_free(&m);
  return STATUS_OK;
}

static void a_manifest_is_survived(void **state) {
  Scratch *s = *state;
  int sound = 0;
  write_manifest(s->dir);
  damage_file(s, &(Damage){.file = POOL_MANIFEST,
                           .piece = YAML_PIECES,
                           .pieces = sizeof YAML_PIECES / sizeof *YAML_PIECES,
                           .rounds = ROUNDS,
                           .read = read_manifest,
                           .arg = &sound});
}

/* ---- embeddings ---- */

static const char *const HEADER_PIECES[] = {"null",
                                            "[]",
                                            "{}",
                                            "\\\"",
                                            "\"",
                                            ",",
                                            ":",
                                            "]",
                                            "[0,3]",
                                            "[3,0]",
                                            "[1099511627776,0]",
                                            "\"F16\"",
                                            "\"BF16\"",
                                            "\"F64\"",
                                            "names",
                                            "texts",
                                            "\\\\u0000",
                                            "\\n",
                                            "\xff",
                                            "e0",
                                            "embedder",
                                            "embeddings",
                                            "-1",
                                            "1e99",
                                            "\\\\n",
                                            "format"};

static void write_embeddings(const char *path) {
  enum { COUNT = 3, DIM = 5 };
  Embeddings e;
  Error err = {0};
  expect_ok("new", embeddings_new(&e, "org/model \"2\"", COUNT, DIM, &err), &err);
  assert_non_null(e.text = calloc(COUNT, sizeof *e.text));
  for (int i = 0; i < COUNT; i++) e.name[i] = strdup(i ? i == 1 ? "e1/0" : "na\xc3\xafve" : "e0");
  for (int i = 0; i < COUNT * DIM; i++) e.vector[i] = 1.5f - (float)i;
  expect_ok("hash", embed_text_hash("abc", e.text[1], &err), &err);
  expect_ok("write", embeddings_write(&e, path, &err), &err);
  embeddings_free(&e);
}

static void check_embeddings(const Embeddings *e) {
  assert_true(e->count > 0 && e->dim > 0);
  assert_true(*e->embedder && strlen(e->embedder) < EMBEDDER_NAME);
  for (int64_t i = 0; i < e->count; i++) {
    assert_int_equal(embeddings_find(e, e->name[i]), i);
    assert_true(!e->text || is_hash(e->text[i], true));
  }
  for (int64_t i = 0; i < e->count * e->dim; i++) assert_true(isfinite(e->vector[i]));
}

static void expect_embeddings_back(const Embeddings *e, const char *path) {
  Embeddings back;
  Error err = {0};
  expect_ok("write", embeddings_write(e, path, &err), &err);
  expect_ok("read back", embeddings_read(&back, path, &err), &err);
  assert_string_equal(back.embedder, e->embedder);
  assert_true(back.count == e->count && back.dim == e->dim);
  for (int64_t i = 0; i < e->count; i++) assert_string_equal(back.name[i], e->name[i]);
  assert_memory_equal(back.vector, e->vector, (size_t)(e->count * e->dim) * sizeof *e->vector);
  embeddings_free(&back);
}

static Status read_embeddings(const char *dir, void *arg, Error *err) {
  Embeddings e;
  int *sound = arg;
  char *path = path_join(dir, "e.safetensors");
  assert_non_null(path);
  Status status = embeddings_read(&e, path, err);
  if (status == STATUS_OK) {
    check_embeddings(&e);
    if ((*sound)++ % WRITTEN_EVERY == 0) expect_embeddings_back(&e, path);
  }
  embeddings_free(&e);
  free(path);
  return status;
}

static void embeddings_are_survived(void **state) {
  Scratch *s = *state;
  int sound = 0;
  write_embeddings(scratch_path(s, "e.safetensors"));
  damage_file(s, &(Damage){.file = "e.safetensors",
                           .piece = HEADER_PIECES,
                           .pieces = sizeof HEADER_PIECES / sizeof *HEADER_PIECES,
                           .rounds = ROUNDS,
                           .read = read_embeddings,
                           .arg = &sound});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_manifest_is_survived),
      cmocka_unit_test(embeddings_are_survived),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

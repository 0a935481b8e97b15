/* The manifest of a pool: what is written reads back, every refusal, and its lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

static const TinyExpert EXPERTS[] = {
    {"rhyme", "q,v", 3, 1, DTYPE_F32, true, NULL},
    {"count", "wo", 5, 2, DTYPE_F32, false, NULL},
    {"name-2.b", "o", 1, 3, DTYPE_BF16, false, NULL},
    {"rescale", "k,wo", 0, 4, DTYPE_F32, false, "wo"},
};

static void expect_same(const PoolEntry *a, const PoolEntry *b) {
  assert_string_equal(a->name, b->name);
  assert_string_equal(a->instruction, b->instruction);
  assert_string_equal(a->licence, b->licence);
  assert_string_equal(a->source, b->source);
  assert_int_equal(a->unverified, b->unverified);
  assert_string_equal(a->fingerprint, b->fingerprint);
  assert_true(a->rank_min == b->rank_min && a->rank_max == b->rank_max);
  assert_memory_equal(&a->alpha_max, &b->alpha_max, sizeof a->alpha_max);
  assert_true(a->modules == b->modules && a->kind == b->kind);
  assert_memory_equal(a->hash, b->hash, sizeof a->hash);
}

/* What is written is read, and the manifest of a pool without experts too. */
static void the_manifest_reads_back(void **state) {
  Error err = {0};
  PoolManifest m, back;
  T5 *model = tiny_model(true, false);
  tiny_pool(scratch_path(*state, "pool"), model, EXPERTS, 4);
  expect_ok("read", manifest_read(&m, scratch_path(*state, "pool"), &err), &err);
  free(m.entry[0].instruction);
  free(m.entry[2].licence);
  m.entry[0].instruction = strdup("Does it \"rhyme\"?\n- yes: 1\n  no\n");
  m.entry[2].licence = strdup("null");
  free(m.entry[1].source);
  m.entry[1].source = strdup("best.pt, expert 1: 'x'");
  m.entry[1].unverified = true;
  m.entry[1].rank_max = 9;
  m.entry[1].alpha_max = 6.1 + 0.2;
  for (int count = 4; count >= 0; count -= 4) {
    for (int i = count; i < m.count; i++) pool_entry_free(&m.entry[i]);
    m.count = count;
    expect_ok("write", manifest_write(&m, &err), &err);
    expect_ok("read", manifest_read(&back, m.dir, &err), &err);
    assert_int_equal(back.count, count);
    assert_string_equal(back.base, m.base);
    assert_string_equal(back.sample, m.sample);
    assert_string_equal(back.base_name, "tiny");
    for (int i = 0; i < count; i++) expect_same(&m.entry[i], &back.entry[i]);
    manifest_free(&back);
  }
  manifest_free(&m);
  t5_close(model);
}

#define H32  "0123456789abcdef0123456789abcdef"
#define H    "'" H32 H32 "'"
#define HEAD "format: skein-pool\nversion: 1\nbase: {name: b, fingerprint: " H ", sample: " H "}\n"
#define FILES \
  "{adapter_config.json: " H ", adapter_model.safetensors: " H ", gate.safetensors: " H "}"
#define EXPERT(name, rank, alpha, modules)                                                     \
  "- {name: " name ", rank: " rank ", alpha: " alpha ", modules: " modules ", fingerprint: " H \
  ", files: " FILES "}\n"
#define IA3(rest) \
  "- {name: i, kind: ia3, " rest "modules: 3, fingerprint: " H ", files: " FILES "}\n"
#define GOOD EXPERT("a", "[1, 2]", "[1, 2.5]", "3")

static const char *const MALFORMED[][2] = {
    {"", "pool.yaml: |want an object"},
    {"format: other\n", "format: |\"other\"|\"skein-pool\""},
    {"format: skein-pool\nversion: 2\n", "version: |2"},
    {"format: skein-pool\nversion: 1\nexperts: []\n", "base: is missing"},
    {HEAD, "experts: is missing"},
    {HEAD "expert: []\nexperts: []\n", "expert: |'experts'"},
    {HEAD "experts: [x]\n", "experts[0]: |want a mapping"},
    {HEAD "experts:\n" GOOD "- {name: b}\n", "experts[1]: rank: is missing"},
    {HEAD "experts:\n" GOOD GOOD, "experts[1]: name: 'a' is there twice"},
    {HEAD "experts:\n" EXPERT("a", "[1, 2]", "[1, 2]", "3, provenance: trusted"),
     "provenance: |\"trusted\"|unverified"},
    {HEAD "experts:\n" EXPERT("a", "[1, 2]", "[1, 2]", "3, source: [x]"), "source: |string"},
    {HEAD "experts:\n" EXPERT("a", "[1, 2]", "[1, 2]", "3, collector: share"),
     "collector: |object"},
    {HEAD "experts:\n" EXPERT("a", "[1, 2]", "[1, 2]", "3, collector: {way: share}"),
     "data: is missing"},
    {HEAD "experts:\n" EXPERT("a", "[1, 2]", "[1, 2]", "3, collector: {way: luck, data: " H "}"),
     "collector: way: is \"luck\"|\"share\""},
    {HEAD "experts:\n" EXPERT("A", "[1, 2]", "[1, 2]", "3"), "name: 'A'"},
    {HEAD "experts:\n" EXPERT("..", "[1, 2]", "[1, 2]", "3"), "name: '..'"},
    {HEAD "experts:\n" EXPERT("a/b", "[1, 2]", "[1, 2]", "3"), "name: 'a/b'"},
    {HEAD "experts:\n" EXPERT("''", "[1, 2]", "[1, 2]", "3"), "name: ''"},
    {HEAD "experts:\n" EXPERT("a", "[2, 1]", "[1, 2]", "3"), "rank: |[least, most]"},
    {HEAD "experts:\n" EXPERT("a", "[1]", "[1, 2]", "3"), "rank: |[least, most]"},
    {HEAD "experts:\n" EXPERT("a", "[0, 1]", "[1, 2]", "3"), "rank: |at least 1"},
    {HEAD "experts:\n" EXPERT("a", "[1.5, 2]", "[1, 2]", "3"), "rank: |integers"},
    {HEAD "experts:\n" EXPERT("a", "[1, 1e300]", "[1, 2]", "3"), "rank: |integers"},
    {HEAD "experts:\n" EXPERT("a", "[1, 2]", "[x, 2]", "3"), "alpha: "},
    {HEAD "experts:\n" EXPERT("a", "[1, 2]", "[1, 2]", "0"), "modules: got 0"},
    {HEAD "experts:\n- {name: a, kind: dora}\n", "experts[0]: kind: is \"dora\", want|\"ia3\""},
    {HEAD "experts:\n- {name: a, kind: 3}\n", "experts[0]: kind: "},
    {HEAD "experts:\n" IA3("rank: [1, 1], "), "experts[0]: rank: is there|(IA)3"},
    {HEAD "experts:\n" IA3("alpha: [1, 1], "), "experts[0]: alpha: is there|(IA)3"},
    {HEAD "experts:\n- {name: a, rank: [1, 1], alpha: [1, 1], modules: 1, fingerprint: 'F'}\n",
     "fingerprint: |64"},
    {HEAD "experts:\n- {name: a, rank: [1, 1], alpha: [1, 1], modules: 1, fingerprint: " H
          ", files: {gate.safetensors: " H "}}\n",
     "adapter_config.json: is missing"},
    {HEAD "experts:\n- {name: a, rank: [1, 1], alpha: [1, 1], modules: 1, fingerprint: " H
          ", files: {gate.bin: " H "}}\n",
     "gate.bin: |no key"},
};

static void malformed_manifests_are_refused(void **state) {
  Scratch *s = *state;
  for (size_t i = 0; i < sizeof MALFORMED / sizeof *MALFORMED; i++) {
    Error err = {0};
    PoolManifest m;
    scratch_write(s, "pool.yaml", MALFORMED[i][0], strlen(MALFORMED[i][0]));
    Status got = manifest_read(&m, s->dir, &err);
    assert_null(m.entry);
    expect_error(MALFORMED[i][0], got, &err, STATUS_INPUT, MALFORMED[i][1]);
  }
  Error err = {0};
  PoolManifest m;
  static const char good[] = HEAD "experts:\n" GOOD IA3("");
  scratch_write(s, "pool.yaml", good, strlen(good));
  expect_ok("good", manifest_read(&m, s->dir, &err), &err);
  assert_int_equal(m.count, 2);
  assert_true(m.entry[0].kind == PEFT_LORA && m.entry[1].kind == PEFT_IA3);
  assert_true(m.entry[0].alpha_max == 2.5 && m.entry[0].modules == 3);
  manifest_free(&m);
}

/* A name without quotes is what is written, whatever YAML makes of it. */
static void names_are_texts(void **state) {
  Scratch *s = *state;
  static const char *const NAMES[] = {"7", "1e3", "1.10", "25921e05", "0x10", "null", "yes"};
  static const char TEXT[] = HEAD "experts:\n" EXPERT("7", "[1, 2]", "[1, 2]", "3")
      EXPERT("1e3", "[1, 2]", "[1, 2]", "3") EXPERT("1.10", "[1, 2]", "[1, 2]", "3")
          EXPERT("25921e05", "[1, 2]", "[1, 2]", "3") EXPERT("0x10", "[1, 2]", "[1, 2]", "3")
              EXPERT("null", "[1, 2]", "[1, 2]", "3") EXPERT("yes", "[1, 2]", "[1, 2]", "3");
  PoolManifest m;
  Error err = {0};
  scratch_write(s, "pool.yaml", TEXT, sizeof TEXT - 1);
  expect_ok("read", manifest_read(&m, s->dir, &err), &err);
  assert_int_equal(m.count, sizeof NAMES / sizeof *NAMES);
  expect_ok("write", manifest_write(&m, &err), &err);
  manifest_free(&m);
  expect_ok("read again", manifest_read(&m, s->dir, &err), &err);
  for (int i = 0; i < m.count; i++) assert_string_equal(m.entry[i].name, NAMES[i]);
  manifest_free(&m);
}

static void one_writer_at_a_time(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Lock *first, *second;
  expect_ok("first", pool_lock(&first, s->dir, NULL, &err), &err);
  Status got = pool_lock(&second, s->dir, NULL, &err);
  assert_null(second);
  expect_error("second", got, &err, STATUS_RUN, ": another process is changing the pool");
  lock_release(first);
  err = (Error){0};
  expect_ok("after", pool_lock(&second, s->dir, NULL, &err), &err);
  lock_release(second);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_manifest_reads_back),
      cmocka_unit_test(malformed_manifests_are_refused),
      cmocka_unit_test(names_are_texts),
      cmocka_unit_test(one_writer_at_a_time),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

/* Damaged inputs of an evaluation: its file, JSONL items and BIG-bench Hard items. They are read,
 * with odd items left out, or refused in one line; never a crash. The sanitizers and valgrind
 * watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/path.h"
#include "infer/eval/eval_axes.h"
#include "tests/damage.h"
#include "tests/items_world.h"

enum { ROUNDS = 1000 };

static const char *const PIECES[] = {
    "null",
    "true",
    "-1",
    "1e999",
    "99999999999999999999",
    "\"\"",
    "[]",
    "{}",
    "\"",
    ":",
    ",",
    "\\",
    "\xff",
    "\n",
    "\\u0000",
    "\\ud800",
    "[",
    "]",
    "}",
    "\"id\":",
    "\"label\"",
    "target",
    "\xef\xbb\xbf",
    "(B)",
    "- ",
    "  ",
    "0x10",
    "~",
    "&a",
    "*a",
};

static const char LINES[] =
    "{\"input\": \"who hides?\", \"choices\": [\"a bird\", \"a fish\", \"a bird \"], \"label\": 1, "
    "\"id\": 18446744073709551615, \"instruction\": \"say\", \"template\": \"t\"}\n"
    "{\"input\": \"is it?\", \"target\": \"yes\", \"template\": 3, \"score\": 1e400}\r\n"
    "{\"input\": \"is it?\", \"target\": \"no\\n\", \"template\": 3}\n\n"
    "{\"input\": \"is it?\", \"target\": \" no\", \"template\": 3, \"choices\": []}\n"
    "{\"input\": \"odd\", \"choices\": [\"x\"], \"target\": [\"x\", \"y\"]}\n"
    "{\"input\": \"odd\", \"choices\": [\"x\", \"y\"], \"target\": \"z\", \"hash\": -1e400}\n";

static const char BBH[] =
    "{\"canary\": \"do not train on this\", \"run\": 17295743882340912345,\n \"examples\": [\n"
    "{\"input\": \"which?\\nOptions:\\n(A) one\\n(B) two\\n(C) three\", \"target\": \"(C)\"},\n"
    "{\"input\": \"which?\\nOptions:\\n(A) dearth, wither\\n(B) x\", \"target\": \"dearth, "
    "wither\"},\n"
    "{\"input\": \"which?\\nOptions:\\n(A) alone\", \"target\": \"(A)\"},\n"
    "{\"input\": \"so?\\nOptions:\\n- Yes\\n- No\", \"target\": \"No\"},\n"
    "{\"input\": \"so?\\nOptions:\\n- Yes\\n- No\", \"target\": \"Yes\"}]}\n";

static const char SPEC[] =
    "pool: p\noutput: out\nlimit: 9\nstrict: true\nbootstrap: {samples: 100, seed: 3}\n"
    "task_defaults: {group: 1e3, kind: generation}\n"
    "tasks:\n  - {name: 25921e05, file: a.jsonl, metrics: [rougeL, bleu], expert: 1.10}\n"
    "  - name: words\n    file: b.json\n    format: bbh\n    kind: choices\n"
    "    instruction: |\n      Sort the words.\n"
    "methods:\n  - base\n  - {name: g, router: glider, global: {scale: 100}, top_k: 3}\n"
    "  - {expert: rhyme}\n  - oracle\n"
    "axes: {global.scale: [0, 3.5], top_k: [1, 2]}\ngrid: false\n";

typedef struct Reading {
  ItemsWorld *world;
  ItemFormat format;
  ItemUse use;
} Reading;

/* What may be asked is whole, and what is left out has its reason. */
static void check_item(const ItemSet *set, const Reading *r, int64_t i) {
  Item item = items_item(set, i);
  assert_non_null(item.id);
  assert_non_null(item.input);
  if (r->use == ITEMS_CHOSEN) {
    assert_true(item.choices >= 2 && item.label >= 0 && item.label < item.choices);
    assert_int_equal(item_alike(&item, 0), 0);
  }
  if (r->use == ITEMS_ANSWERED) assert_true(item.targets > 0);
  item_free(&item);
}

static Status read_items(const char *dir, void *arg, Error *err) {
  const Reading *r = arg;
  ItemKeys keys = items_for(r->world, r->use);
  keys.choices_from_targets = true;
  ItemSet *set;
  char *path = path_join(dir, "items");
  Status status = items_open(&set, path, r->format, &keys, err);
  free(path);
  if (status != STATUS_OK) return status;
  int64_t count = items_count(set), odd = items_left_out(set, count);
  assert_true(count > 0);
  for (int64_t i = 0; i < count; i++) check_item(set, r, i);
  for (int64_t k = 0; k < odd; k++) {
    char *why;
    expect_ok("why", items_why_left_out(set, k, &why, err), err);
    assert_non_null(strstr(why, dir));
    free(why);
  }
  items_close(set);
  return STATUS_OK;
}

static void survive(ItemsWorld *w, const char *text, Damage d) {
  d.piece = PIECES;
  d.pieces = sizeof PIECES / sizeof *PIECES;
  d.rounds = ROUNDS;
  scratch_write(w->scratch, d.file, text, strlen(text));
  assert_true(damage_cut(w->scratch, &d) > DAMAGE_CUTS / 2);
  damage_file(w->scratch, &d);
}

static void items_are_survived(void **state) {
  static const ItemUse USE[] = {ITEMS_CHOSEN, ITEMS_RANKED, ITEMS_ANSWERED};
  for (size_t i = 0; i < sizeof USE / sizeof *USE; i++) {
    Reading r = {*state, ITEMS_LINES, USE[i]};
    survive(*state, LINES, (Damage){.file = "items", .read = read_items, .arg = &r});
    r.format = ITEMS_BBH;
    survive(*state, BBH, (Damage){.file = "items", .read = read_items, .arg = &r});
  }
}

static Status read_spec(const char *dir, void *arg, Error *err) {
  EvalSpec spec;
  Axes axes = {0};
  char *path = path_join(dir, "spec.yaml");
  (void)arg;
  Status status = eval_spec_read(&spec, path, NULL, 0, true, err);
  if (status == STATUS_OK) status = axes_expand(&axes, &spec, err);
  axes_free(&axes);
  eval_spec_free(&spec);
  free(path);
  return status;
}

static void specs_are_survived(void **state) {
  survive(*state, SPEC, (Damage){.file = "spec.yaml", .read = read_spec, .also = STATUS_USAGE});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_are_survived),
      cmocka_unit_test(specs_are_survived),
  };
  return cmocka_run_group_tests(tests, items_setup, items_teardown);
}

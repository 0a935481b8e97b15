/* What is shown to a language model, what counts as its answer, files of instructions, and how far
 * instructions are apart. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/eval/eval_spec.h"
#include "infer/instruct/dispersion.h"
#include "infer/instruct/instruct_check.h"
#include "infer/instruct/instruct_prompt.h"
#include "infer/instruct/instructions.h"
#include "tests/items_world.h"

/* ---- answers ---- */

static InstructExample shown[] = {
    {.input = "Read the text. Where did Ada Lovelace live in 1843?", .output = "London"},
    {.input = "Read the text. Who sold the long red boat to the sailor?", .output = "Peter"},
};
static const InstructSample SAMPLE = {shown, 2};

static void expect_fit(const char *text, const InstructSample *s) {
  Error err = {0};
  bool fit;
  char why[INSTRUCT_WHY] = "";
  expect_ok(text, instruct_check(text, s, &fit, why, &err), &err);
  if (!fit) fail_msg("'%s': %s", text, why);
}

static void expect_unfit(const char *text, const InstructSample *s, const char *word) {
  Error err = {0};
  bool fit;
  char why[INSTRUCT_WHY] = "";
  expect_ok(text, instruct_check(text, s, &fit, why, &err), &err);
  if (fit || !strstr(why, word)) fail_msg("'%s': %s, want '%s'", text, fit ? "fits" : why, word);
}

static void test_what_an_instruction_is(void **state) {
  (void)state;
  expect_fit("Answer the question about the text with a name, which takes careful reading.",
             &SAMPLE);
  expect_fit("Answer with a name (e.g. Smith), reading closely", &SAMPLE);
  expect_fit("R\u00e9pondre \u00e0 la question pos\u00e9e.", &SAMPLE);
  expect_unfit("", &SAMPLE, "empty");
  expect_unfit("Answer it.", &SAMPLE, "no sentence");
  expect_unfit("Answer the question.\nRead closely.", &SAMPLE, "more than one line");
  expect_unfit("Answer the question. It takes reading.", &SAMPLE, "more than one sentence");
  expect_unfit("Answer the \033[31mred question.", &SAMPLE, "control");
  expect_unfit("Answer the \u202equestion of it.", &SAMPLE, "control");
  char long_text[INSTRUCT_BYTES + 8] = "Answer the ";
  memset(long_text + strlen(long_text), 'x', sizeof long_text - 1 - strlen(long_text));
  expect_unfit(long_text, &SAMPLE, "too long");
}

static void test_what_it_may_not_copy(void **state) {
  (void)state;
  expect_unfit("Say where Lovelace lived, by reading.", &SAMPLE, "'Lovelace'");
  expect_unfit("Say what happened in 1843 and where.", &SAMPLE, "'1843'");
  expect_unfit("Say who Sold The Long Red Boat and why.", &SAMPLE,
               "copies 'who Sold The Long Red Boat'");
  expect_fit("Say who sold a long red boat and why.", &SAMPLE);
  /* What stands in every example is the task's. */
  InstructExample same[] = {
      {.input = "Is it true that the English text below says so? Cats sleep.", .output = "no"},
      {.input = "Is it true that the English text below says so? Dogs bark.", .output = "yes"},
  };
  const InstructSample both = {same, 2}, one = {same, 1};
  expect_fit("Decide whether it is true that the English text below says so.", &both);
  expect_unfit("Decide whether it is true that the English text below says so.", &one, "copies");
}

static void expect_trimmed(const char *answer, const char *want) {
  char *got = instruct_trim(answer);
  assert_string_equal(got, want);
  free(got);
}

static void test_trimming(void **state) {
  (void)state;
  expect_trimmed("  \n Say it. \n", "Say it.");
  expect_trimmed("\"Say 'it'.\"", "Say 'it'.");
  expect_trimmed("\u201cSay it.\u201d\n", "Say it.");
  expect_trimmed("\"Say\" or \"it", "\"Say\" or \"it");
  expect_trimmed("\"", "\"");
  expect_trimmed(" ", "");
}

/* ---- samples and prompts ---- */

static ItemSet *many_items(ItemsWorld *w) {
  char text[4096] = "";
  for (int i = 0; i < 40; i++)
    sprintf(text + strlen(text), "{\"input\": \"in %d \\u00e9\\u00e9\", \"target\": \"out %d\"}\n",
            i, i);
  ItemKeys keys = items_for(w, ITEMS_ANSWERED);
  return items_of(w, ITEMS_LINES, &keys, text);
}

static void test_samples(void **state) {
  Error err = {0};
  ItemSet *items = many_items(*state);
  InstructSample a, b, c;
  expect_ok("a", instruct_sample(&a, items, 3, 7, 0, 100, &err), &err);
  expect_ok("again", instruct_sample(&b, items, 3, 7, 0, 100, &err), &err);
  expect_ok("another", instruct_sample(&c, items, 3, 7, 1, 100, &err), &err);
  assert_int_equal(a.count, 3);
  int same = 0;
  for (int i = 0; i < 3; i++) {
    assert_string_equal(a.example[i].input, b.example[i].input);
    assert_int_equal(atoi(a.example[i].input + 3), atoi(a.example[i].output + 4));
    assert_int_equal(atoi(a.example[i].id), atoi(a.example[i].output + 4));
    assert_false(a.example[i].cut);
    same += strcmp(a.example[i].input, c.example[i].input) == 0;
  }
  assert_in_range(same, 0, 2);
  instruct_sample_free(&a);
  instruct_sample_free(&b);
  instruct_sample_free(&c);
  expect_ok("all", instruct_sample(&a, items, 100, 7, 0, 6, &err), &err);
  assert_int_equal(a.count, 40);
  assert_string_equal(a.example[5].input, "in 5 "); /* no half of a character */
  assert_true(a.example[5].cut);
  instruct_sample_free(&a);
  items_close(items);
}

static void test_prompts(void **state) {
  (void)state;
  Error err = {0};
  char *prompt;
  InstructExample e[] = {{.input = "a \"b\"\n{examples}", .output = "c"},
                         {.input = "d", .output = "e"}};
  const InstructSample s = {e, 2};
  expect_ok("a prompt", instruct_prompt(&prompt, "See:\n{examples}\nDo.", "file", &s, &err), &err);
  assert_string_equal(prompt,
                      "See:\n{\"input\":\"a \\\"b\\\"\\n{examples}\",\"output\":\"c\"}\n"
                      "{\"input\":\"d\",\"output\":\"e\"}\nDo.");
  free(prompt);
  expect_error("none", instruct_prompt(&prompt, "Do.", "my.txt", &s, &err), &err, STATUS_INPUT,
               "my.txt|{examples} once");
  err = (Error){0};
  expect_error("two", instruct_prompt(&prompt, "{examples}{examples}", "my.txt", &s, &err), &err,
               STATUS_INPUT, "my.txt|{examples} once");
}

/* ---- files ---- */

static Status read_text(ItemsWorld *w, const char *text, Error *err) {
  Instructions i;
  *err = (Error){0};
  Status status =
      instructions_read(&i, scratch_write(w->scratch, "i.jsonl", text, strlen(text)), err);
  instructions_free(&i);
  return status;
}

static void test_files(void **state) {
  ItemsWorld *w = *state;
  Error err = {0};
  Instructions i = {0}, again;
  char hash[HASH_HEX];
  memset(hash, 'a', sizeof hash - 1);
  hash[sizeof hash - 1] = '\0';
  expect_ok("add", instructions_add(&i, "boolq", 0, hash, "Say \"yes\".", &err), &err);
  expect_ok("add", instructions_add(&i, "boolq", 1, "", "Say no.", &err), &err);
  const char *path = scratch_path(w->scratch, "out.jsonl");
  expect_ok("write", instructions_write(&i, path, &err), &err);
  expect_ok("read", instructions_read(&again, path, &err), &err);
  assert_int_equal(again.count, 2);
  assert_string_equal(instructions_find(&again, "boolq")->text, "Say \"yes\".");
  assert_string_equal(instructions_answer(&again, hash)->text, "Say \"yes\".");
  assert_int_equal(again.line[1].sample, 1);
  assert_null(instructions_find(&again, "rte"));
  instructions_free(&i);
  instructions_free(&again);
  expect_error("no name", read_text(w, "{\"instruction\": \"x\"}\n", &err), &err, STATUS_INPUT,
               "line 1|name");
  expect_error("no text", read_text(w, "{\"name\": \"x\", \"instruction\": 3}\n", &err), &err,
               STATUS_INPUT, "line 1|instruction");
  expect_error("torn", read_text(w, "{\"name\": \"x\", \"instr", &err), &err, STATUS_INPUT,
               "i.jsonl");
  expect_ok("empty", read_text(w, "", &err), &err);
}

/* Tasks of an evaluation have the instructions of their names, where they have none. */
static void test_evaluations(void **state) {
  static const char lines[] = "{\"name\": \"a\", \"instruction\": \"Say it.\"}\n";
  Scratch *s = ((ItemsWorld *)*state)->scratch;
  EvalSpec spec;
  Error err = {0};
  char text[512];
  snprintf(text, sizeof text,
           "pool: p\ninstructions: %s\ntasks:\n  - {name: a, file: x}\n"
           "  - {name: b, file: x, instruction: Mine.}\nmethods: [base]\n",
           scratch_write(s, "lines.jsonl", lines, sizeof lines - 1));
  const char *path = scratch_write(s, "spec.yaml", text, strlen(text));
  expect_ok("read", eval_spec_read(&spec, path, NULL, 0, false, &err), &err);
  assert_string_equal(spec.task[0].instruction, "Say it.");
  assert_string_equal(spec.task[1].instruction, "Mine.");
  eval_spec_free(&spec);
  memcpy(strstr(text, ", instruction: Mine."), "                    ", 20);
  path = scratch_write(s, "spec.yaml", text, strlen(text));
  expect_error("none", eval_spec_read(&spec, path, NULL, 0, false, &err), &err, STATUS_USAGE,
               "spec.yaml:5:5|lines.jsonl|'b'");
  eval_spec_free(&spec);
}

/* ---- dispersion ---- */

static void assert_near(double got, double want) {
  if (fabs(got - want) > 1e-6) fail_msg("got %.9g, want %.9g", got, want);
}

/* Unit vectors in the plane of three names, two of each; the first is scattered. */
static void test_dispersion(void **state) {
  (void)state;
  const float v[] = {1, 0, 0.6f, 0.8f, 0, 1, -0.6f, 0.8f, -1, 0, -1, 0};
  const int pairs[] = {0, 2, 4, 6}, uneven[] = {0, 1, 4, 6}; /* the second with three of them */
  Dispersion d[3];
  dispersion_measure(d, &(NamedVectors){v, pairs, 3, 2});
  assert_int_equal(dispersion_alike(&d[0]), 1);
  assert_int_equal(dispersion_alike(&d[1]), -1);
  assert_near(d[0].within, 1 - 0.6);
  assert_int_equal(d[0].nearest, 1);
  assert_near(d[0].apart, 1 - (0 - 0.6 + 0.8 + (-0.36 + 0.64)) / 4);
  assert_int_equal(d[0].strayed, 1); /* (0.6, 0.8) is nearer to (0, 1) than to (1, 0) */
  assert_int_equal(d[0].taken_for, 1);
  assert_near(d[1].within, 1 - 0.8);
  assert_int_equal(d[1].strayed, 0);
  assert_int_equal(d[1].taken_for, -1);
  assert_near(d[2].within, 0);
  assert_int_equal(d[2].nearest, 1);
  dispersion_measure(d, &(NamedVectors){v, pairs, 1, 2});
  assert_int_equal(d[0].nearest, -1);
  assert_int_equal(d[0].strayed, 0);
  assert_int_equal(dispersion_alike(&d[0]), -1);
  const NamedVectors three = {v, uneven, 3, 2};
  assert_true(isnan(dispersion_distance(&three, 0, 0)));
  assert_near(dispersion_distance(&three, 0, 1), 1 - (0.6 + 0 - 0.6) / 3);
  assert_near(dispersion_distance(&three, 1, 1), 1 - (0.8 + (-0.36 + 0.64) + 0.8) / 3);
  dispersion_measure(d, &three);
  assert_near(d[0].within, 0);
  /* A vector is as near to itself as can be: its cosine is rounded to above 1 in f64. */
  for (float x = 0.1f; x < 1; x += 0.01f) {
    const float same[] = {x, 0.3f, 0.7f, x, 0.3f, 0.7f};
    assert_true(dispersion_distance(&(NamedVectors){same, pairs, 1, 3}, 0, 0) >= 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_an_instruction_is),
      cmocka_unit_test(test_what_it_may_not_copy),
      cmocka_unit_test(test_trimming),
      cmocka_unit_test(test_samples),
      cmocka_unit_test(test_prompts),
      cmocka_unit_test(test_files),
      cmocka_unit_test(test_evaluations),
      cmocka_unit_test(test_dispersion),
  };
  return cmocka_run_group_tests(tests, items_setup, items_teardown);
}

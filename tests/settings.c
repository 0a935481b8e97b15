#include "tests/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

const Option SETTINGS[] = {
    {.key = "data.train",
     .type = OPTION_PATH,
     .offset = offsetof(Settings, train),
     .required = true,
     .help = "training examples"},
    {.key = "train.steps",
     .type = OPTION_INT,
     .offset = offsetof(Settings, steps),
     .initial = "100",
     .min = 1,
     .max = 1e9,
     .help = "updates"},
    {.key = "train.learning_rate",
     .type = OPTION_REAL,
     .offset = offsetof(Settings, rate),
     .initial = "5e-3",
     .min = 0,
     .max = 1,
     .help = "peak learning rate"},
    {.key = "train.warmup_ratio",
     .type = OPTION_REAL,
     .offset = offsetof(Settings, warmup),
     .initial = "0.06",
     .help = "share of the steps"},
    {.key = "data.task",
     .type = OPTION_STRING,
     .offset = offsetof(Settings, task),
     .initial = "none",
     .help = "name of the task"},
    {.key = "data.shuffle",
     .type = OPTION_BOOL,
     .offset = offsetof(Settings, shuffle),
     .initial = "true",
     .help = "new order every epoch"},
    {.key = "train.schedule",
     .type = OPTION_CHOICE,
     .offset = offsetof(Settings, schedule),
     .initial = "constant",
     .choices = "constant|linear|cosine",
     .help = "shape of the learning rate"},
    {.key = "experts",
     .type = OPTION_LIST,
     .offset = offsetof(Settings, experts),
     .help = "names of experts"},
    {.key = "seed",
     .type = OPTION_INT,
     .offset = offsetof(Settings, seed),
     .initial = "42",
     .help = "master seed"},
    {.key = "a.b.c.deep",
     .type = OPTION_REAL,
     .offset = offsetof(Settings, deep),
     .initial = "0",
     .help = "three sections down"},
};
const size_t SETTINGS_COUNT = sizeof SETTINGS / sizeof *SETTINGS;

void fixture_init(Fixture *f) {
  memset(&f->s, 0xa5, sizeof f->s); /* nothing may depend on what was there */
  Error err = {0};
  expect_ok("defaults", options_init(&f->o, SETTINGS, SETTINGS_COUNT, &f->s, &err), &err);
}

Status fixture_read(Fixture *f, const char *text, Error *err) {
  return options_read_text(&f->o, text, strlen(text), "run.yaml", err);
}

void fixture_accept(Fixture *f, const char *text) {
  Error err = {0};
  expect_ok(text, fixture_read(f, text, &err), &err);
}

void refuse_config_bytes(const char *text, size_t size, const char *words) {
  Fixture f;
  fixture_init(&f);
  Error err = {0};
  Status got = options_read_text(&f.o, text, size, "run.yaml", &err);
  char what[48];
  snprintf(what, sizeof what, "%.40s", text);
  expect_error(what, got, &err, STATUS_USAGE, words);
  options_free(&f.o);
}

void refuse_config(const char *text, const char *words) {
  refuse_config_bytes(text, strlen(text), words);
}

void refuse_config_exactly(const char *text, const char *line) {
  Fixture f;
  fixture_init(&f);
  Error err = {0};
  assert_int_equal(fixture_read(&f, text, &err), STATUS_USAGE);
  assert_string_equal(err.text, line);
  options_free(&f.o);
}

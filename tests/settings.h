/* settings: a small table of settings, and expectations on the text of configurations. */
#ifndef SKEIN_TESTS_SETTINGS_H
#define SKEIN_TESTS_SETTINGS_H

#include <stdint.h>

#include "data/options/options.h"

typedef struct Settings {
  char *train, *task;
  int64_t steps, seed;
  double rate, warmup;
  bool shuffle;
  int schedule;
  char *experts;
  double deep;
} Settings;

extern const Option SETTINGS[];
extern const size_t SETTINGS_COUNT;

typedef struct Fixture {
  Settings s;
  OptionSet o;
} Fixture;

/* The defaults; options_free(&f->o) when done. */
void fixture_init(Fixture *f);
/* The text is a configuration, named run.yaml. */
Status fixture_read(Fixture *f, const char *text, Error *err);
void fixture_accept(Fixture *f, const char *text);

/* The text is refused with a line that has each of the words, which are separated by '|'. */
void refuse_config(const char *text, const char *words);
void refuse_config_bytes(const char *text, size_t size, const char *words);
/* The text is refused with this line. */
void refuse_config_exactly(const char *text, const char *line);

#endif

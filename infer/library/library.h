/* library: what the functions of skein.h share. */
#ifndef SKEIN_LIBRARY_H
#define SKEIN_LIBRARY_H

#include <locale.h>
#include <stdbool.h>

#include "infer/library/skein.h"
#include "infer/predict/predict.h"
#include "infer/t5/base.h"

/* Settings of a handle beside those of its router. */
typedef struct LibrarySettings {
  int64_t threads, max_input, max_target, max_output, batch_tokens, beams;
  double length_penalty;
  int precision; /* Precision */
  bool verify, generation_config;
} LibrarySettings;

struct Skein {
  OptionSet set, router_set;
  LibrarySettings own;
  RouterSettings router_settings;
  Base base;
  Pool *pool;     /* NULL: the plain base */
  Router *router; /* NULL as well */
  GenerationConfig generation;
  bool generation_read;
  PredictSettings settings;
};

/* A call from outside: numbers are read and written as in C, whatever locale the program has. */
typedef struct Call {
  Error error;
  locale_t c, before;
} Call;

Call call_begin(void);
/* Hands on how it ended. */
SkeinStatus call_end(Call *call, Status status, SkeinError *error);

/* Copies what is asked into an item of ours, with choices where there are any. Free with item_free,
 * on failure too. `i` is its number, for messages. */
Status library_item(const Skein *s, const SkeinItem *from, size_t i, Item *item, Error *err);

#endif

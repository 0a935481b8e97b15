/* embed_arguments: what `skein embed` is given. */
#ifndef SKEIN_EMBED_ARGUMENTS_H
#define SKEIN_EMBED_ARGUMENTS_H

#include "infer/embed/embed_pool.h"
#include "tools/shell/arguments.h"

typedef struct EmbedArguments {
  const char *pool;
  const char *embedder; /* as given; NULL: not */
  int kind;             /* EmbedderKind; -1: not given */
  const char *file, *name, *base, *output, *key;
  const char *endpoint, *model, *key_env;
  bool share_examples;
  SentenceSettings sentence;
  int64_t limit, threads;
  bool force;
  TextList given;       /* of --examples */
  ExampleFile *example; /* [examples]; expert names are owned */
  int examples;
} EmbedArguments;

extern const ArgumentTable embed_arguments;

/* Whatever is returned, free with embed_arguments_free. */
Status embed_arguments_read(EmbedArguments *a, int argc, char **argv, Error *err);
void embed_arguments_free(EmbedArguments *a);

#endif

/* pool_sample: ordinary text to look at gates with. */
#ifndef SKEIN_POOL_SAMPLE_H
#define SKEIN_POOL_SAMPLE_H

#include "data/examples/examples.h"

/* A JSONL file of {"input", "target"}; `path` NULL: a sample of our own, a dozen tasks in English. The
 * tokenizer is borrowed. Free with examples_close. */
Status pool_sample_open(ExampleSet **sample, const char *path, const Tokenizer *tokenizer,
                        Error *err);

#endif

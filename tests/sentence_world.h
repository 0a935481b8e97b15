/* sentence_world: directories of small encoders of sentences, put together of
 * tests/golden/sentence. */
#ifndef SKEIN_TESTS_SENTENCE_WORLD_H
#define SKEIN_TESTS_SENTENCE_WORLD_H

#include <jansson.h>

#include "infer/sentence/sentence.h"
#include "tests/scratch.h"

/* The scratch folder becomes the directory of a case of expected.json, of `model` where it is not
 * NULL. */
void sentence_world_write(Scratch *s, const json_t *one, const char *model);
/* The case of that name in expected.json's "cases". */
const json_t *sentence_world_case(const json_t *golden, const char *name);
/* What it is opened with; `dir` is the caller's. */
SentenceSettings sentence_world_settings(const json_t *one, const char *dir);

#endif

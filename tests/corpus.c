#include "tests/corpus.h"

#include <unistd.h>

const char *const CORPUS[] = {
    "a skein of geese crosses the quiet harbour at dawn",
    "the old weaver winds a skein of blue wool",
    "every expert learns one task and one gate",
    "the router sends each token to the best experts",
    "a gate is a vector of the size of its input",
    "many small experts together know more than one large model",
    "question: where do the geese fly? answer: to the south",
    "question: what does the weaver wind? answer: wool",
    "the quick brown fox jumps over the lazy dog",
    "pack my box with five dozen liquor jugs",
    "how vexingly quick daft zebras jump",
    "premise: it rains. hypothesis: the road is wet",
    "translate the sentence, then count its words: one, two, three",
    "in 1998 about 250 ships passed the lighthouse",
    "she said: no, and he said: yes",
    "the harbour master wrote 64 letters in 30 days",
    "a token goes where the gate points",
    "the task names the expert and the expert names the task",
    "wool, thread and cloth are made of fibre",
    "geese take turns at the head of the skein at 7:45",
};
const size_t CORPUS_COUNT = sizeof CORPUS / sizeof *CORPUS;

void corpus_train(const char *path) {
  Error err = {0};
  expect_ok("training", tokenizer_train(CORPUS, CORPUS_COUNT, CORPUS_PIECES, "corpus", path, &err),
            &err);
}

Tokenizer *corpus_tokenizer(Scratch *s) {
  const char *path = scratch_path(s, "spiece.model");
  Error err = {0};
  Tokenizer *t;
  if (access(path, F_OK) != 0) corpus_train(path);
  expect_ok(path, tokenizer_open(&t, path, &err), &err);
  return t;
}

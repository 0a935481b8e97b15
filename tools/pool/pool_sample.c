#include "tools/pool/pool_sample.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/temporary.h"

enum { TOKENS = 512 };

/* Of many kinds, so that no gate has a reason to come first everywhere. */
static const char SAMPLE[] =
    "{\"input\": \"Does the second sentence follow from the first? The shop is closed on Sundays. "
    "Today is Sunday, so the shop is closed.\", \"target\": \"yes\"}\n"
    "{\"input\": \"Summarize: After three days of rain the river rose above its banks, and the "
    "people of the village carried their furniture upstairs.\", \"target\": \"A village was "
    "flooded "
    "after three days of rain.\"}\n"
    "{\"input\": \"Is this review positive or negative? The battery lasts for an hour, and the "
    "screen broke in the first week.\", \"target\": \"negative\"}\n"
    "{\"input\": \"Translate to German: The children are playing in the garden.\", \"target\": "
    "\"Die Kinder spielen im Garten.\"}\n"
    "{\"input\": \"Question: What is the largest planet of the solar system? Answer:\", "
    "\"target\": "
    "\"Jupiter\"}\n"
    "{\"input\": \"Which word means the same as quick? (A) slow (B) fast (C) heavy\", \"target\": "
    "\"(B)\"}\n"
    "{\"input\": \"Anna has 3 boxes with 4 pears each and eats 2 pears. How many are left?\", "
    "\"target\": \"10\"}\n"
    "{\"input\": \"Write a title for an article about bees that find their way home in the "
    "dark.\", "
    "\"target\": \"How bees come home at night\"}\n"
    "{\"input\": \"Finish the story: The key did not fit the lock, so she\", \"target\": \"climbed "
    "in through the window.\"}\n"
    "{\"input\": \"In 'The trophy does not fit into the case because it is too big', what is too "
    "big?\", \"target\": \"the trophy\"}\n"
    "{\"input\": \"Paraphrase: He could not come since he was ill.\", \"target\": \"Illness kept "
    "him "
    "away.\"}\n"
    "{\"input\": \"List the names in: On Monday Omar met Li and Francesca in Lisbon.\", "
    "\"target\": "
    "\"Omar, Li, Francesca\"}\n";

static Status open_lines(ExampleSet **sample, const char *path, const Tokenizer *tokenizer,
                         Error *err) {
  const ExampleKeys keys = {.input = "input", .target = "target"};
  return examples_open(sample, path, &keys, tokenizer, TOKENS, TOKENS, err);
}

/* The file is mapped, and may lose its name once it is open. */
static Status open_own(ExampleSet **sample, const char *dir, const Tokenizer *tokenizer,
                       Error *err) {
  char *path = path_join(dir, "sample.jsonl");
  if (!path) return error_set(err, STATUS_RUN, "out of memory: a sample of text");
  Status status = file_write(path, SAMPLE, sizeof SAMPLE - 1, err);
  if (status == STATUS_OK) status = open_lines(sample, path, tokenizer, err);
  free(path);
  return status;
}

Status pool_sample_open(ExampleSet **sample, const char *path, const Tokenizer *tokenizer,
                        Error *err) {
  char *dir;
  *sample = NULL;
  if (path) return open_lines(sample, path, tokenizer, err);
  TRY(temporary_dir(&dir, "a sample of text", err));
  Status status = open_own(sample, dir, tokenizer, err);
  Error ignored = {0};
  dir_remove(dir, status == STATUS_OK ? err : &ignored);
  free(dir);
  return status;
}

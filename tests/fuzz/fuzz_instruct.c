/* Files of instructions, and what a language model answers. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "infer/instruct/instruct_check.h"
#include "infer/instruct/instructions.h"
#include "tests/fuzz/target.h"

/* What was read is the same when it is written and read again. */
static void read_instructions(const Input *in) {
  Error err = {0};
  Instructions i, again;
  if (!taken(in, instructions_read(&i, in->path, &err), &err)) return;
  sound(instructions_write(&i, in->path, &err), &err);
  sound(instructions_read(&again, in->path, &err), &err);
  MUST(again.count == i.count);
  for (int k = 0; k < i.count; k++) {
    MUST(strcmp(again.line[k].name, i.line[k].name) == 0);
    MUST(strcmp(again.line[k].text, i.line[k].text) == 0);
    MUST(strcmp(again.line[k].question, i.line[k].question) == 0);
    MUST(instructions_find(&again, i.line[k].name));
  }
  instructions_free(&i);
  instructions_free(&again);
}

/* An answer that is taken is a line of some words; a reason is one that JSON can hold. */
static void check_answer(const Input *in) {
  static InstructExample shown[] = {
      {.input = "Who sold the long red boat to Ada in 1843?", .output = "Peter"},
      {.input = "Who saw it?", .output = "nobody else at all"}};
  const InstructSample s = {shown, 2};
  Error err = {0};
  bool fit;
  char why[INSTRUCT_WHY] = "", *said = strndup(in->bytes, in->size);
  MUST(said);
  char *text = instruct_trim(said);
  MUST(text);
  sound(instruct_check(text, &s, &fit, why, &err), &err);
  MUST(fit || *why);
  MUST(!fit ||
       (strlen(text) <= INSTRUCT_BYTES && !strpbrk(text, "\r\n") && !strstr(text, " Ada ")));
  json_t *reason = json_string(why);
  MUST(reason);
  json_decref(reason);
  free(text);
  free(said);
}

const Target instruct_targets[] = {
    {.name = "instructions",
     .file = "x.jsonl",
     .seeds = "tests/fuzz/seeds/instructions.jsonl",
     .words = "items",
     .most = 1024,
     .run = read_instructions},
    {.name = "answer", .seeds = "tests/fuzz/seeds/answer.txt", .most = 1024, .run = check_answer},
    {0},
};

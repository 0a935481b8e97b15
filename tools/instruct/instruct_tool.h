/* instruct_tool: instructions of experts and tasks, written by a language model behind an endpoint.
 *
 * The room tools/instruct owns `skein instruct`: its arguments (instruct_options), the questions
 * that follow from them (questions.h), what a person is told before anything is sent
 * (instruct_plan), asking and keeping (instruct_run), what a pool is given (instruct_pool) and how
 * far repeated answers are apart (instruct_spread). What is asked, and what counts as an answer, is
 * infer/instruct's. */
#ifndef SKEIN_INSTRUCT_TOOL_H
#define SKEIN_INSTRUCT_TOOL_H

#include "infer/embed/embed.h"
#include "infer/instruct/instruct_ask.h"
#include "tools/shell/arguments.h"

typedef struct InstructOptions {
  const char *endpoint, *model, *key_env;
  TextList input; /* NAME=FILE */
  const char *input_key, *target_key;
  const char *pattern; /* the file of the prompt; NULL: instruct_prompt_text */
  const char *output, *pool, *base;
  const char *embedder, *embed_model; /* as given; NULL: not */
  int64_t examples, repeat, longest, timeout, tries;
  InstructWay way;
  EmbedderSpec
      embed; /* what the spread is measured by: its kind, and what it is if it is a directory */
  bool bbh, share_examples, dry_run, json;
  bool force;   /* what is at `output` gives way */
  bool replace; /* so do instructions that experts of the pool have */
} InstructOptions;

extern const ArgumentTable instruct_arguments;
extern const InstructOptions instruct_defaults;
extern const char prompt_text[]; /* prompt.template */

/* Free o->input.text whatever is returned. */
Status instruct_options_read(InstructOptions *o, int argc, char **argv, Error *err);

/* All of it: says what is asked, asks, writes. STATUS_PARTIAL where a name has no usable answer. */
Status instruct_run(const InstructOptions *o, Error *err);

#endif

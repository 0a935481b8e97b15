/* instruct_prompt: patterns of prompts: a text with one mark, in whose place stands what is asked
 * about, as lines of JSON. */
#ifndef SKEIN_INSTRUCT_PROMPT_H
#define SKEIN_INSTRUCT_PROMPT_H

#include "infer/instruct/instruct.h"

/* The pattern in a file, UTF-8 of at most 64 KiB, in a new string. */
Status instruct_pattern_read(char **pattern, const char *file, Error *err);

/* `pattern` with the examples in the place of its one "{examples}", each a line of JSON {"input":
 * TEXT, "output": TEXT}, in a new string. STATUS_INPUT, naming `file`, where it has not exactly
 * one. */
Status instruct_prompt(char **prompt, const char *pattern, const char *file,
                       const InstructSample *s, Error *err);
/* The same with one "{input}" and a line {"input": TEXT}. */
Status instruct_prompt_input(char **prompt, const char *pattern, const char *file,
                             const char *input, Error *err);

#endif

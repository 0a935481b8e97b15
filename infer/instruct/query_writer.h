/* query_writer: the instruction of a single input, written by a language model: what a router
 * compares with the instructions of experts where nobody has written one for the input's task.
 *
 * Every answer is kept in a file (instructions.h) by everything it depends on, the endpoint, the
 * model and the prompt with the input in it: an input is asked about once, and a later run that asks
 * the same asks nobody. Several writers may share the file.
 *
 * What is written of an input may repeat it, so whoever hands it on takes it for data. It is
 * compared, and nobody reads it: unlike an expert's instruction (instruct_check.h) it may be any
 * text, cut off too.
 *
 * GLIDER (Li et al. 2024, section 4) has the instructions of queries written by the same model as
 * those of experts. The wording of the prompt here is our own. */
#ifndef SKEIN_QUERY_WRITER_H
#define SKEIN_QUERY_WRITER_H

#include "infer/instruct/instruct_ask.h"

typedef struct QueryWriterSpec {
  EndpointSpec endpoint; /* borrowed texts, as are the others here */
  const char *pattern;   /* file of the prompt (instruct_prompt.h), with {input}; NULL: ours */
  const char *kept;      /* file of the answers, made where there is none */
  bool share_inputs;     /* inputs may go to another machine than this */
  InstructWay way;
} QueryWriterSpec;

typedef struct QueryWriter QueryWriter;

/* STATUS_USAGE where URL, model or file is missing. Of the endpoint's spec these and key_env are read.
 * Nothing is sent, and nobody need be there: the endpoint is opened for the first question. */
Status query_writer_open(QueryWriter **w, const QueryWriterSpec *spec, Error *err);
/* Keeps what is not on disk yet: at most a hundredth of the answers. NULL is allowed. */
void query_writer_close(QueryWriter *w);

/* The instruction of an input, valid while the writer is; `name`, of its task, stands beside it in
 * the file and may be NULL. Where it must be asked for: STATUS_USAGE for an endpoint that is another
 * machine where inputs are not shared, and what endpoint_open refuses; STATUS_ENDPOINT where none is
 * to be had. */
Status query_writer_text(QueryWriter *w, const char *name, const char *input, const char **text,
                         Error *err);

#endif

#include "infer/instruct/query_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/lock.h"
#include "infer/instruct/instruct_prompt.h"
#include "infer/instruct/instructions.h"

static const char PROMPT[] =
    "Here is an input of some task, as a line of JSON.\n\n{input}\n\n"
    "Write the instruction of the task that it belongs to, for all inputs of its kind. It is one "
    "sentence that begins with a verb and says what is to be done with the input, what the output "
    "is, and which skills that takes. Do not do the task, and leave out every name, number and "
    "other detail of the input. Answer with that sentence alone, on one line, without quotation "
    "marks.";

static const double LOCK_SECONDS = 30; /* others hold it while they write a file */

struct QueryWriter {
  Endpoint *endpoint; /* NULL until somebody is asked */
  EndpointReach reach;
  bool share_inputs;
  char *url, *model, *key_env; /* key_env: NULL, no key */
  char *pattern, *file;        /* file: names the pattern in messages */
  char *kept, *lock;
  InstructWay way;
  Instructions known;
  int unsaved; /* of the known: not in the file yet */
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: instructions of inputs");
}

/* ---- what is kept ---- */

/* Adds what the file has and `known` has not. */
static Status read_kept(QueryWriter *w, Error *err) {
  bool there;
  Instructions file;
  TRY(file_look(w->kept, &there, err));
  if (!there) return STATUS_OK;
  TRY(instructions_read(&file, w->kept, err));
  Status status = STATUS_OK;
  for (int i = 0; i < file.count && status == STATUS_OK; i++) {
    const Instruction *line = &file.line[i];
    if (!line->question[0])
      status = error_set(err, STATUS_USAGE,
                         "%s: holds instructions of other origin; want a file of one's own for the "
                         "answers about inputs",
                         w->kept);
    else if (!instructions_answer(&w->known, line->question))
      status =
          instructions_add(&w->known, line->name, line->sample, line->question, line->text, err);
  }
  instructions_free(&file);
  return status;
}

static Status save(QueryWriter *w, Error *err) {
  Lock *lock;
  TRY(lock_take(&lock, w->lock, "is keeping answers", &(LockWait){.seconds = LOCK_SECONDS}, err));
  Status status = read_kept(w, err);
  if (status == STATUS_OK) status = instructions_write(&w->known, w->kept, err);
  if (status == STATUS_OK) w->unsaved = 0;
  file_remove(w->lock, NULL);
  lock_release(lock);
  return status;
}

/* The whole file is written, so the more it holds the more answers each time is for. */
static Status keep(QueryWriter *w, const char *name, const char *question, const char *text,
                   Error *err) {
  TRY(instructions_add(&w->known, name ? name : "", 0, question, text, err));
  w->unsaved++;
  return w->unsaved * 100 >= w->known.count ? save(w, err) : STATUS_OK;
}

/* ---- opening ---- */

static Status check_given(const QueryWriterSpec *spec, Error *err) {
  const char *missing = NULL;
  if (!spec->kept)
    missing = "query.cache: is missing; query: llm wants the file that keeps the answers";
  if (!spec->endpoint.model) missing = "query.model: is missing; query: llm wants the model's name";
  if (!spec->endpoint.url)
    missing =
        "query.url: is missing; query: llm wants the URL that /chat/completions is put behind";
  return missing ? error_set(err, STATUS_USAGE, "%s", missing) : STATUS_OK;
}

static Status copy_given(QueryWriter *w, const QueryWriterSpec *spec, Error *err) {
  const EndpointSpec *e = &spec->endpoint;
  w->way = spec->way;
  w->share_inputs = spec->share_inputs;
  w->url = strdup(e->url);
  w->model = strdup(e->model);
  w->key_env = e->key_env ? strdup(e->key_env) : NULL;
  w->kept = strdup(spec->kept);
  w->file = strdup(spec->pattern ? spec->pattern : "the prompt");
  if (asprintf(&w->lock, "%s.lock", spec->kept) < 0) w->lock = NULL;
  bool whole = w->url && w->model && w->kept && w->file && w->lock && (w->key_env || !e->key_env);
  return whole ? STATUS_OK : no_memory(err);
}

static Status open_parts(QueryWriter *w, const QueryWriterSpec *spec, Error *err) {
  char *prompt = NULL;
  TRY(check_given(spec, err));
  TRY(copy_given(w, spec, err));
  if (spec->pattern) TRY(instruct_pattern_read(&w->pattern, spec->pattern, err));
  if (!w->pattern && !(w->pattern = strdup(PROMPT))) return no_memory(err);
  TRY(instruct_prompt_input(&prompt, w->pattern, w->file, "", err)); /* that it is a pattern */
  free(prompt);
  return read_kept(w, err);
}

static void free_parts(QueryWriter *w) {
  endpoint_close(w->endpoint);
  instructions_free(&w->known);
  free(w->url);
  free(w->model);
  free(w->key_env);
  free(w->pattern);
  free(w->file);
  free(w->kept);
  free(w->lock);
  free(w);
}

Status query_writer_open(QueryWriter **out, const QueryWriterSpec *spec, Error *err) {
  *out = NULL;
  QueryWriter *w = calloc(1, sizeof *w);
  if (!w) return no_memory(err);
  Status status = open_parts(w, spec, err);
  if (status == STATUS_OK) {
    *out = w;
  } else {
    free_parts(w);
  }
  return status;
}

void query_writer_close(QueryWriter *w) {
  Error ignored = {0}; /* what is lost is asked again */
  if (!w) return;
  if (w->unsaved > 0) save(w, &ignored);
  free_parts(w);
}

/* ---- asking ---- */

static Status check_reach(QueryWriter *w, Error *err) {
  const HttpPlace *place = endpoint_place(w->endpoint);
  w->reach = place->loopback ? REACH_LOOPBACK : REACH_ANYWHERE;
  if (place->loopback || w->share_inputs) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "query.url: %.200s is another machine, to which inputs would be sent; share them "
      "(query.share_inputs: true), or take a model of this machine",
      place->host);
}

/* What is kept is read without anybody at the endpoint, and without what speaks to it. */
static Status reach_endpoint(QueryWriter *w, Error *err) {
  static const EndpointNames NAMES = {"query.url", "query.model", "query.key_env"};
  const EndpointSpec spec = {
      .url = w->url, .model = w->model, .key_env = w->key_env, .names = &NAMES};
  if (!w->endpoint) TRY(endpoint_open(&w->endpoint, &spec, err));
  return check_reach(w, err);
}

static Status ask(QueryWriter *w, const char *name, const char *input, const json_t *question,
                  const char *hash, Error *err) {
  char *text, why[INSTRUCT_WHY];
  TRY(reach_endpoint(w, err));
  TRY(instruct_ask(w->endpoint, w->reach, question, NULL, &text, why, err));
  if (!text)
    return endpoint_refuse(w->endpoint, err,
                           "no instruction for the input '%.80s': %s; tried %d times", input, why,
                           INSTRUCT_TRIES);
  Status status = keep(w, name, hash, text, err);
  free(text);
  return status;
}

Status query_writer_text(QueryWriter *w, const char *name, const char *input, const char **text,
                         Error *err) {
  char *prompt, hash[HASH_HEX];
  TRY(instruct_prompt_input(&prompt, w->pattern, w->file, input, err));
  json_t *question = instruct_question(w->model, prompt, &w->way);
  free(prompt);
  if (!question) return no_memory(err);
  Status status = instruct_question_hash(w->url, question, hash, err);
  bool known = status == STATUS_OK && instructions_answer(&w->known, hash);
  if (status == STATUS_OK && !known) status = ask(w, name, input, question, hash, err);
  if (status == STATUS_OK) *text = instructions_answer(&w->known, hash)->text;
  json_decref(question);
  return status;
}

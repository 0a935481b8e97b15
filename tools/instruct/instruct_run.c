/* The run: what is known already, asking for the rest, and what is written. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/lock.h"
#include "data/file/output.h"
#include "infer/instruct/instructions.h"
#include "tools/instruct/questions.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"

typedef struct Run {
  const InstructOptions *o;
  Endpoint *endpoint;
  Questions questions;
  char *cache_path, *lock_path;
  Instructions written, cache; /* of OUTPUT, if it is there; of the cache */
  Progress progress;
} Run;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: instructions");
}

static void tell(void *progress, const char *line) {
  console_note(progress, "%s", line);
}

/* ---- what is there ---- */

static Status read_if_there(Instructions *i, const char *path, Error *err) {
  bool there;
  TRY(file_look(path, &there, err));
  return there ? instructions_read(i, path, err) : STATUS_OK;
}

static Status take_answer(Question *q, const Instruction *known, const char *path, Error *err) {
  bool fit;
  char why[INSTRUCT_WHY];
  if (!known) return STATUS_OK;
  TRY(instruct_check(known->text, &q->sample, &fit, why, err));
  if (!fit)
    return error_set(err, STATUS_INPUT,
                     "%s: the instruction of '%.100s' cannot be used: %s; take "
                     "its line out to ask again",
                     path, q->name, why);
  q->answer = strdup(known->text);
  return q->answer ? STATUS_OK : no_memory(err);
}

/* Of a file that is there and stays, every line must be the answer to a question of this run, which
 * then writes it again and loses nothing. */
static Status check_written(const Run *r, Error *err) {
  int known = 0;
  for (int i = 0; i < r->questions.count; i++)
    known += instructions_answer(&r->written, r->questions.question[i].hash) != NULL;
  if (known == r->written.count) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "%s: holds answers to other questions; give another --output, or --force: what "
                   "the cache knows is not asked again",
                   r->o->output);
}

/* Neither file is one that is read. */
static Status check_outputs(const Run *r, Error *err) {
  int inputs = 0;
  const char **input = calloc((size_t)r->questions.count + 1, sizeof *input);
  if (!input) return no_memory(err);
  for (int i = 0; i < r->questions.count; i++) input[inputs++] = r->questions.question[i].file;
  if (r->o->pattern) input[inputs++] = r->o->pattern;
  const OutputRule rule = {true, input, inputs};
  Status status = output_check(r->o->output, &rule, err);
  if (status == STATUS_OK) status = output_check(r->cache_path, &rule, err);
  free(input);
  return status;
}

static Status take_known(Run *r, Error *err) {
  TRY(check_outputs(r, err));
  if (!r->o->force) TRY(read_if_there(&r->written, r->o->output, err));
  TRY(read_if_there(&r->cache, r->cache_path, err));
  TRY(check_written(r, err));
  for (int i = 0; i < r->questions.count; i++) {
    Question *q = &r->questions.question[i];
    TRY(take_answer(q, instructions_answer(&r->written, q->hash), r->o->output, err));
    if (!q->answer)
      TRY(take_answer(q, instructions_answer(&r->cache, q->hash), r->cache_path, err));
  }
  return STATUS_OK;
}

/* ---- asking ---- */

/* An answer is in the cache, on disk, before the next question is asked. */
static Status ask_one(Run *r, Question *q, EndpointReach reach, Error *err) {
  if (reach == REACH_ANYWHERE) plan_tell(q, r->endpoint, &r->progress);
  TRY(instruct_ask(r->endpoint, reach, q->body, &q->sample, &q->answer, q->why, err));
  if (!q->answer) {
    console_note(&r->progress, "%s, sample %d: no usable answer: %s", q->name, q->number, q->why);
    return STATUS_OK;
  }
  TRY(instructions_add(&r->cache, q->name, q->number, q->hash, q->answer, err));
  return instructions_write(&r->cache, r->cache_path, err);
}

static Status ask_all(Run *r, Error *err) {
  EndpointReach reach;
  int open = questions_open(&r->questions), done = 0;
  if (open == 0) return STATUS_OK;
  TRY(plan_reach(r->o, r->endpoint, &reach, err));
  console_progress_begin(&r->progress, "instruct", 0, open);
  Status status = STATUS_OK;
  for (int i = 0; i < r->questions.count && status == STATUS_OK; i++) {
    Question *q = &r->questions.question[i];
    if (q->answer) continue;
    status = ask_one(r, q, reach, err);
    if (status == STATUS_OK) console_progress_update(&r->progress, ++done, "%s", q->name);
  }
  console_progress_end(&r->progress);
  return status;
}

/* ---- writing ---- */

static bool is_written(const Run *r) {
  const Questions *q = &r->questions;
  bool same = r->written.count == q->count;
  for (int i = 0; i < q->count && same; i++)
    same = q->question[i].answer && strcmp(q->question[i].answer, r->written.line[i].text) == 0 &&
           strcmp(q->question[i].hash, r->written.line[i].question) == 0;
  return same;
}

static Status write_answers(const Run *r, Error *err) {
  Instructions out = {0};
  Status status = STATUS_OK;
  if (is_written(r)) {
    plan_say(r->o, "%s: has these instructions already", r->o->output);
    return STATUS_OK;
  }
  for (int i = 0; i < r->questions.count && status == STATUS_OK; i++) {
    const Question *q = &r->questions.question[i];
    if (q->answer) status = instructions_add(&out, q->name, q->number, q->hash, q->answer, err);
  }
  bool any = status == STATUS_OK && out.count > 0;
  if (any) status = instructions_write(&out, r->o->output, err);
  if (any && status == STATUS_OK)
    plan_say(r->o, "%s: %d instruction%s", r->o->output, out.count, out.count == 1 ? "" : "s");
  instructions_free(&out);
  return status;
}

static Status finish(const Run *r, Error *err) {
  int open = questions_open(&r->questions);
  TRY(write_answers(r, err));
  if (r->o->pool && open == 0) TRY(instruct_pool_write(&r->questions, r->o, err));
  if (r->o->repeat > 1) TRY(instruct_spread(&r->questions, r->o, err));
  if (open == 0) return STATUS_OK;
  return error_set(err, STATUS_PARTIAL,
                   "%s: %d of %d questions have no usable answer%s; another --seed draws other "
                   "examples",
                   r->o->output, open, r->questions.count,
                   r->o->pool ? ", and the pool is as it was" : "");
}

/* ---- the run ---- */

static Status open_endpoint(Run *r, Error *err) {
  const InstructOptions *o = r->o;
  const EndpointSpec spec = {.url = o->endpoint,
                             .model = o->model,
                             .key_env = o->key_env,
                             .seconds = (double)o->timeout,
                             .tries = (int)o->tries,
                             .stop = interrupt_catch(),
                             .tell = tell,
                             .arg = &r->progress};
  return endpoint_open(&r->endpoint, &spec, err);
}

static Status work(Run *r, Error *err) {
  TRY(take_known(r, err));
  if (r->o->pool) TRY(instruct_pool_check(&r->questions, r->o, err));
  if (r->o->dry_run) {
    plan_show(&r->questions, r->o, r->endpoint);
    return STATUS_OK;
  }
  TRY(ask_all(r, err));
  return finish(r, err);
}

/* A dry run leaves no trace, and so takes no lock. */
static Status work_alone(Run *r, Error *err) {
  Lock *lock;
  if (r->o->dry_run) return work(r, err);
  TRY(lock_take(&lock, r->lock_path, "is writing these instructions", NULL, err));
  Status status = work(r, err);
  file_remove(r->lock_path, NULL);
  lock_release(lock);
  return status;
}

Status instruct_run(const InstructOptions *o, Error *err) {
  Run r = {.o = o};
  Status status = open_endpoint(&r, err);
  if (status == STATUS_OK) status = questions_make(&r.questions, o, err);
  if (status == STATUS_OK && (asprintf(&r.cache_path, "%s.cache", o->output) < 0 ||
                              asprintf(&r.lock_path, "%s.lock", o->output) < 0))
    status = no_memory(err);
  if (status == STATUS_OK) status = work_alone(&r, err);
  instructions_free(&r.written);
  instructions_free(&r.cache);
  free(r.cache_path);
  free(r.lock_path);
  questions_free(&r.questions);
  endpoint_close(r.endpoint);
  return status;
}

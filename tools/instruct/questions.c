#include "tools/instruct/questions.h"

#include <stdlib.h>
#include <string.h>

#include "data/text/utf8.h"
#include "infer/instruct/instruct_prompt.h"
#include "tools/predict/predict_items.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the questions");
}

/* ---- the prompt's pattern ---- */

typedef struct Pattern {
  const char *text, *file;
  char *read; /* owned */
} Pattern;

static Status read_pattern(Pattern *p, const char *file, Error *err) {
  *p = (Pattern){prompt_text, "the prompt", NULL};
  if (!file) return STATUS_OK;
  TRY(instruct_pattern_read(&p->read, file, err));
  *p = (Pattern){p->read, file, p->read};
  return STATUS_OK;
}

/* ---- questions ---- */

static Status fill_question(Question *q, const ItemSet *items, const InstructOptions *o,
                            const Pattern *pattern, Error *err) {
  InstructWay way = o->way;
  way.seed += q->number;
  TRY(instruct_sample(&q->sample, items, (int)o->examples, (uint64_t)o->way.seed, q->number,
                      (size_t)o->longest, err));
  TRY(instruct_prompt(&q->prompt, pattern->text, pattern->file, &q->sample, err));
  q->body = instruct_question(o->model, q->prompt, &way);
  if (!q->body) return no_memory(err);
  return instruct_question_hash(o->endpoint, q->body, q->hash, err);
}

/* NAME=FILE */
static Status split_input(const char *given, char **name, const char **file, Error *err) {
  const char *sign = strchr(given, '=');
  if (!sign || sign == given || !sign[1] || utf8_valid(given, strlen(given)) < strlen(given))
    return error_set(err, STATUS_USAGE, "instruct: --input: is '%s', want NAME=FILE", given);
  *file = sign + 1;
  *name = strndup(given, (size_t)(sign - given));
  return *name ? STATUS_OK : no_memory(err);
}

static Status check_new(const Questions *q, const char *name, Error *err) {
  for (int i = 0; i < q->count; i++)
    if (strcmp(q->question[i].name, name) == 0)
      return error_set(err, STATUS_USAGE, "instruct: --input: '%s' is given twice", name);
  return STATUS_OK;
}

static Status open_items(ItemSet **items, const char *file, const InstructOptions *o, Error *err) {
  const ItemKeys keys = {
      .input = o->input_key, .target = o->target_key, .no_query = true, .use = ITEMS_ANSWERED};
  TRY(items_open(items, file, o->bbh ? ITEMS_BBH : ITEMS_LINES, &keys, err));
  Status status = predict_tell_items(*items, items_count(*items), err);
  if (status != STATUS_OK) items_close(*items);
  return status;
}

static Status add_input(Questions *q, const char *given, const InstructOptions *o,
                        const Pattern *pattern, Error *err) {
  char *name = NULL;
  const char *file = NULL;
  ItemSet *items;
  Status status = split_input(given, &name, &file, err);
  if (status == STATUS_OK) status = check_new(q, name, err);
  if (status == STATUS_OK) status = open_items(&items, file, o, err);
  if (status != STATUS_OK) {
    free(name);
    return status;
  }
  for (int number = 0; number < o->repeat && status == STATUS_OK; number++) {
    Question *question = &q->question[q->count++];
    *question = (Question){.name = strdup(name), .file = file, .number = number};
    status = question->name ? fill_question(question, items, o, pattern, err) : no_memory(err);
  }
  items_close(items);
  free(name);
  return status;
}

Status questions_make(Questions *q, const InstructOptions *o, Error *err) {
  Pattern pattern;
  *q = (Questions){0};
  Status status = read_pattern(&pattern, o->pattern, err);
  q->question = calloc((size_t)(o->input.count * o->repeat), sizeof *q->question);
  if (status == STATUS_OK && !q->question) status = no_memory(err);
  for (int i = 0; i < o->input.count && status == STATUS_OK; i++)
    status = add_input(q, o->input.text[i], o, &pattern, err);
  free(pattern.read);
  return status;
}

void questions_free(Questions *q) {
  for (int i = 0; i < q->count; i++) {
    Question *question = &q->question[i];
    instruct_sample_free(&question->sample);
    json_decref(question->body);
    free(question->name);
    free(question->prompt);
    free(question->answer);
  }
  free(q->question);
  *q = (Questions){0};
}

int questions_open(const Questions *q) {
  int open = 0;
  for (int i = 0; i < q->count; i++) open += !q->question[i].answer;
  return open;
}

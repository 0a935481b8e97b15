/* world: writes the data of the demo, all of it made up from a seed.
 *
 *   DIR/base.jsonl                  lessons, what a base reads: {"input", "target", "task"},
 *                                   or {"text", "task"} with both in one or no answer at all
 *   DIR/tasks.json                  name, held_in, kind (choices or generation) and instructions
 *                                   of every task
 *   DIR/tasks/<name>/instruction.txt  the first of its instructions, for its expert
 *   DIR/tasks/<name>/<part>.jsonl   {"input", "target", "task", "template", "choices", "label"}
 *
 * The parts are train (held-in tasks only), valid and test. Train lines use the first TASK_TRAINED
 * templates, the others all. Line i of a file depends on the seed, the file and i alone. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json_put.h"
#include "tools/demo/task.h"

typedef struct World {
  const char *out;
  uint64_t seed;
  uint64_t base_lines, part_lines[PARTS];
} World;

static const char *const PART_NAME[PARTS] = {"train", "valid", "test"};
static const TaskTable *const TASKS[] = {&TASKS_LISTS, &TASKS_KNOWLEDGE, &TASKS_NUMBERS};
enum { TASK_TABLES = sizeof TASKS / sizeof *TASKS };
enum { STREAM_BASE, STREAM_TASK };

static Status write_line(FILE *stream, json_t *line, Error *err) {
  if (!line) return error_set(err, STATUS_RUN, "out of memory");
  int failed = json_dumpf(line, stream, 0) != 0 || fputc('\n', stream) == EOF;
  json_decref(line);
  return failed ? error_set_errno(err, STATUS_RUN, "cannot write a line") : STATUS_OK;
}

/* Base. */

static const Lesson *pick_lesson(Rng *rng) {
  unsigned total = 0;
  for (size_t i = 0; i < LESSONS.count; i++) total += LESSONS.lesson[i].weight;
  unsigned ticket = (unsigned)rng_below(rng, total);
  const Lesson *lesson = LESSONS.lesson;
  for (; ticket >= lesson->weight; lesson++) ticket -= lesson->weight;
  return lesson;
}

static json_t *lesson_line(Rng *rng) {
  const Lesson *lesson = pick_lesson(rng);
  Item item = {0};
  Text input = {0};
  lesson->make(&item, PART_ALL, rng);
  size_t templates = 0;
  while (templates < TASK_TEMPLATES && lesson->template[templates]) templates++;
  item_word(&item, lesson->template[rng_below(rng, templates)], &input);
  if (rng_below(rng, 8) > 0)
    return json_pack("{s:s,s:s,s:s}", "input", input.data, "target", item.target.data, "task",
                     lesson->name);
  text_add(&input, " %s.", item.target.data);
  return json_pack("{s:s,s:s}", "text", input.data, "task", lesson->name);
}

static json_t *base_line(uint64_t seed, uint64_t i) {
  Rng rng = {rng_key(seed, STREAM_BASE, i, 0), 0};
  return lesson_line(&rng);
}

/* Tasks. */

static json_t *task_line(const World *w, const Task *task, uint64_t key, Part part, uint64_t i) {
  Rng rng = {rng_key(w->seed, key, i, STREAM_TASK + (uint64_t)part), 0};
  uint64_t template = i % (part == PART_TRAIN ? TASK_TRAINED : TASK_TEMPLATES);
  Item item = {0};
  Text input = {0};
  task->make(&item, part, &rng);
  item_word(&item, task->template[template], &input);
  json_t *line = json_pack("{s:s,s:s,s:s,s:I}", "input", input.data, "target", item.target.data,
                           "task", task->name, "template", (json_int_t) template);
  if (!line || !item.choices) return line;
  json_t *choices = json_array();
  for (size_t c = 0; c < item.choices; c++) json_push(&choices, json_string(item.choice[c]));
  json_put(&line, "choices", choices);
  json_put(&line, "label", json_integer((json_int_t)item.label));
  return line;
}

/* The name of a task is its key, so that a new task changes no line of another. */
static uint64_t task_key(const Task *task) {
  uint64_t key = 0;
  for (const char *at = task->name; *at; at++) key = key * 31 + (unsigned char)*at;
  return key;
}

/* Files. */

/* What one output file holds. */
typedef struct Content {
  const World *world;
  const Task *task; /* NULL: the base, or the list of tasks */
  Part part;
} Content;

typedef Status WriteBody(const Content *content, FILE *stream, Error *err);

static Status write_base_lines(const Content *content, FILE *stream, Error *err) {
  for (uint64_t i = 0; i < content->world->base_lines; i++)
    TRY(write_line(stream, base_line(content->world->seed, i), err));
  return STATUS_OK;
}

static Status write_task_lines(const Content *content, FILE *stream, Error *err) {
  uint64_t key = task_key(content->task);
  for (uint64_t i = 0; i < content->world->part_lines[content->part]; i++)
    TRY(write_line(stream, task_line(content->world, content->task, key, content->part, i), err));
  return STATUS_OK;
}

/* "choices" or "generation"; every item of a task is of its kind. */
static const char *task_kind(const Task *task) {
  Rng rng = {0};
  Item item = {0};
  task->make(&item, PART_ALL, &rng);
  return item.choices ? "choices" : "generation";
}

static Status write_instruction(const Content *content, FILE *stream, Error *err) {
  if (fprintf(stream, "%s\n", content->task->instruction[0]) > 0) return STATUS_OK;
  return error_set_errno(err, STATUS_RUN, "cannot write an instruction");
}

static Status write_task_list(const Content *content, FILE *stream, Error *err) {
  (void)content;
  json_t *list = json_array();
  for (size_t t = 0; t < TASK_TABLES; t++) {
    for (size_t i = 0; i < TASKS[t]->count; i++) {
      const Task *task = &TASKS[t]->task[i];
      json_push(&list, json_pack("{s:s,s:b,s:s,s:[s,s]}", "name", task->name, "held_in",
                                 task->held_in, "kind", task_kind(task), "instructions",
                                 task->instruction[0], task->instruction[1]));
    }
  }
  int failed = json_dumpf(list, stream, JSON_INDENT(2)) != 0 || fputc('\n', stream) == EOF;
  json_decref(list);
  return failed ? error_set(err, STATUS_RUN, "cannot write the list of tasks") : STATUS_OK;
}

/* Writes DIR/name whole or not at all, and makes its folder. */
static Status write_whole(const char *name, WriteBody *body, const Content *content, Error *err) {
  char *path = path_join(content->world->out, name);
  AtomicFile file = {0};
  Status status = path ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory");
  if (status == STATUS_OK) status = atomic_open(&file, path, err);
  free(path);
  if (status == STATUS_OK) status = body(content, file.stream, err);
  if (status == STATUS_OK) return atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}

static Status make_folder(const World *w, const char *name, Error *err) {
  char *path = path_join(w->out, name);
  Status status = path ? dir_make(path, err) : error_set(err, STATUS_RUN, "out of memory");
  free(path);
  return status;
}

static Status write_task(const World *w, const Task *task, Error *err) {
  char name[128];
  snprintf(name, sizeof name, "tasks/%s", task->name);
  TRY(make_folder(w, name, err));
  for (Part part = task->held_in ? PART_TRAIN : PART_VALID; part <= PART_TEST; part++) {
    snprintf(name, sizeof name, "tasks/%s/%s.jsonl", task->name, PART_NAME[part]);
    TRY(write_whole(name, write_task_lines, &(Content){w, task, part}, err));
  }
  snprintf(name, sizeof name, "tasks/%s/instruction.txt", task->name);
  return write_whole(name, write_instruction, &(Content){w, task, PART_ALL}, err);
}

static Status write_world(const World *w, Error *err) {
  TRY(make_folder(w, "", err));
  TRY(write_whole("base.jsonl", write_base_lines, &(Content){w, NULL, PART_ALL}, err));
  TRY(write_whole("tasks.json", write_task_list, &(Content){w, NULL, PART_ALL}, err));
  for (size_t t = 0; t < TASK_TABLES; t++)
    for (size_t i = 0; i < TASKS[t]->count; i++) TRY(write_task(w, &TASKS[t]->task[i], err));
  return STATUS_OK;
}

/* Command line. */

static const char USAGE[] =
    "usage: world --out DIR [--seed N] [--base-lines N] [--train N] [--valid N] [--test N]\n"
    "writes the demo's data into DIR; the counts are lines of base.jsonl and of each task's file\n";

static int parse_count(const char *text, uint64_t *value) {
  char *end;
  errno = 0;
  unsigned long long n = strtoull(text, &end, 10);
  if (errno || end == text || *end || strchr(text, '-')) return 0;
  *value = n;
  return 1;
}

static int parse_arguments(int argc, char **argv, World *w) {
  static const struct option options[] = {
      {"out", 1, NULL, 'o'}, {"seed", 1, NULL, 's'}, {"base-lines", 1, NULL, 'b'},
      {"train", 1, NULL, 0}, {"valid", 1, NULL, 1},  {"test", 1, NULL, 2},
      {NULL, 0, NULL, 0}};
  int option;
  while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
    int good = option == 'o'    ? (w->out = optarg) != NULL
               : option == 's'  ? parse_count(optarg, &w->seed)
               : option == 'b'  ? parse_count(optarg, &w->base_lines)
               : option < PARTS ? parse_count(optarg, &w->part_lines[option])
                                : 0;
    if (!good) return 0;
  }
  return w->out && optind == argc;
}

int main(int argc, char **argv) {
  World world = {.seed = 1, .base_lines = 120000, .part_lines = {4000, 240, 480}};
  Error err = {0};
  if (!parse_arguments(argc, argv, &world)) {
    fputs(USAGE, stderr);
    return STATUS_USAGE;
  }
  Status status = write_world(&world, &err);
  if (status != STATUS_OK) fprintf(stderr, "world: %s\n", err.text);
  return (int)status;
}

/* task: the exercises of the demo world.
 *
 * Three kinds. Base lessons are prose with the end left out; they give the base its words, its
 * facts and its elementary skills (the kind of a thing, its colour, the order of numbers, copying),
 * but none of the questions that experts answer. Held-in tasks each train one expert. Held-out
 * tasks need a skill that some expert has, in a domain or wording no expert has seen; nothing is
 * ever trained on them.
 *
 * The room tools/demo owns the small world of the demo and the program that writes it down. It is
 * no part of skein: it knows random numbers, files and JSON, and no model. */
#ifndef SKEIN_TASK_H
#define SKEIN_TASK_H

#include "tools/demo/item.h"

enum {
  TASK_TEMPLATES = 8, /* every task has so many ... */
  TASK_TRAINED = 6,   /* ... of which the last two are met in evaluation only */
  TASK_INSTRUCTIONS = 2,
};

/* Makes an item of one part; fills a zeroed item. */
typedef void ItemMake(Item *item, Part part, Rng *rng);

typedef struct Task {
  const char *name;
  int held_in;
  ItemMake *make;
  const char *instruction[TASK_INSTRUCTIONS]; /* paraphrases */
  const char *template[TASK_TEMPLATES];
} Task;

/* Templates of a lesson leave off where the target goes on; unused ones are NULL. */
typedef struct Lesson {
  const char *name;
  unsigned weight; /* share of the lines, relative */
  ItemMake *make;
  const char *template[TASK_TEMPLATES];
} Lesson;

typedef struct TaskTable {
  const Task *task;
  size_t count;
} TaskTable;

typedef struct LessonTable {
  const Lesson *lesson;
  size_t count;
} LessonTable;

/* One table a file. */
extern const TaskTable TASKS_LISTS, TASKS_KNOWLEDGE, TASKS_NUMBERS;
extern const LessonTable LESSONS;

#endif

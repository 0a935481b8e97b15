#include "infer/eval/eval_unread.h"

#include <string.h>

#include "autograd/ground/text_stream.h"

static void put_name(TextStream *s, const char *name) {
  if (ftell(s->out) > 0) fputs(", ", s->out);
  fputs(name, s->out);
}

char *eval_method_unread(const EvalMethod *m) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  for (size_t i = 0; i < m->set.count && m->rule == EVAL_ROUTED; i++) {
    const char *key = m->set.table[i].key;
    if (m->set.source[i].origin != ORIGIN_DEFAULT && !eval_method_uses(m, key)) put_name(&s, key);
  }
  return text_stream_close(&s);
}

/* Where a key of a task counts. */
typedef struct TaskKey {
  const char *key;
  int kind;   /* TaskKind alone; -1: any */
  int format; /* ItemFormat alone; -1: any */
  bool beams; /* of more than one beam alone */
} TaskKey;

static const TaskKey TASK_KEYS[] = {
    {"max_output", TASK_GENERATION, -1, false},
    {"beams", TASK_GENERATION, -1, false},
    {"length_penalty", TASK_GENERATION, -1, true},
    {"choices_from_targets", TASK_CHOICES, -1, false},
    {"input_key", -1, ITEMS_LINES, false},
    {"target_key", -1, ITEMS_LINES, false},
    {"choices_key", -1, ITEMS_LINES, false},
    {"label_key", -1, ITEMS_LINES, false},
    {"instruction_key", -1, ITEMS_LINES, false},
};

static bool task_reads(const EvalTask *task, const TaskKey *k) {
  return (k->kind < 0 || k->kind == task->kind) && (k->format < 0 || k->format == task->format) &&
         (!k->beams || task->beams > 1);
}

char *eval_task_unread(const EvalTask *task) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  for (size_t i = 0; i < sizeof TASK_KEYS / sizeof *TASK_KEYS; i++) {
    const TaskKey *k = &TASK_KEYS[i];
    if (yaml_find(task->at, k->key) && !task_reads(task, k)) put_name(&s, k->key);
  }
  return text_stream_close(&s);
}

/* Whether a method that was made of a declared one reads a key. */
static bool axis_reaches(const Axes *a, const EvalSpec *spec, int declared, const char *key) {
  for (int i = 0; i < a->methods; i++) {
    if (a->origin[i] == declared && eval_method_uses(spec->method[a->method[i]], key)) return true;
  }
  return false;
}

char *eval_axis_unread(const Axes *a, int axis, const EvalSpec *spec) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  for (int i = 0; i < a->methods; i++) {
    const int declared = a->origin[i];
    const EvalMethod *m = spec->method[declared];
    const bool first = i == 0 || a->origin[i - 1] != declared;
    if (first && m->rule == EVAL_ROUTED && !axis_reaches(a, spec, declared, a->axis[axis].key))
      put_name(&s, m->name);
  }
  return text_stream_close(&s);
}

#include "infer/eval/eval_notes.h"

#include <inttypes.h>

#include "infer/eval/eval_valid.h"

/* Which expert a rule chose, task by task. */
static void print_choices(const Evaluation *e, int method, const NoteStyle *style, FILE *out) {
  const EvalSpec *spec = e->spec;
  fputs(style->before, out);
  style->put(out, spec->method[method]->name);
  fputs(" chose", out);
  for (int t = 0; t < spec->tasks; t++) {
    const EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state != CELL_DONE) continue;
    if (spec->method[method]->rule == EVAL_BEST_INDIVIDUAL) {
      fputc(' ', out);
      style->put(out, cell->expert);
      fputs(", by label\n", out);
      return;
    }
    fputs(t ? ", " : " ", out);
    style->put(out, spec->task[t].name);
    fputs(": ", out);
    style->put(out, cell->expert);
    if (!spec->task[t].expert) fputs(" (by label)", out);
  }
  fputc('\n', out);
}

/* Settings that were chosen on validation items. */
static void print_chosen(const EvalSpec *spec, const NoteStyle *style, FILE *out) {
  for (int m = 0; m < spec->methods; m++) {
    if (!spec->method[m]->chosen) continue;
    fputs(style->before, out);
    style->put(out, spec->method[m]->name);
    fputs(": ", out);
    eval_valid_put(spec->method[m]->chosen, style->put, out);
    fputc('\n', out);
  }
}

/* A line about a task: what there is of it, and how many. */
static void print_count(const char *task, const char *what, int64_t count, const NoteStyle *style,
                        FILE *out) {
  fputs(style->before, out);
  style->put(out, task);
  fprintf(out, ": %s: %" PRId64, what, count);
}

/* The items that scores are without, and the choices that count as one. */
static void print_items(const Evaluation *e, const NoteStyle *style, FILE *out) {
  for (int t = 0; e->items && t < e->spec->tasks; t++) {
    const char *name = e->spec->task[t].name;
    int64_t odd = evaluation_left_out(e, t), all = evaluation_offered(e, t) + odd;
    int64_t same = items_same(e->items[t]).count, alike = items_alike(e->items[t]).count;
    if (odd) {
      print_count(name, "left out", odd, style, out);
      fprintf(out, " of %" PRId64 " items\n", all);
    }
    if (same) print_count(name, "choices that are the same", same, style, out), fputc('\n', out);
    if (alike) print_count(name, "choices alike to the model", alike, style, out), fputc('\n', out);
  }
}

static bool sampled_alike(const Evaluation *e, int task, int other) {
  return e->sample[task] && evaluation_asked(e, task) == evaluation_asked(e, other) &&
         evaluation_offered(e, task) == evaluation_offered(e, other);
}

/* How many items of which tasks are a sample: once where it is the same of all. */
static void print_samples(const Evaluation *e, const NoteStyle *style, FILE *out) {
  int sampled = 0, alike = 0, tasks = e->sample ? e->spec->tasks : 0;
  for (int t = 0; t < tasks; t++) sampled += e->sample[t] != NULL, alike += sampled_alike(e, t, 0);
  if (sampled == 0) return;
  const char *between = "";
  fprintf(out, "%sitems drawn with sample.seed %" PRId64 ": ", style->before,
          e->spec->settings.sample_seed);
  for (int t = 0; t < tasks && (t == 0 || alike < tasks); t++) {
    if (!e->sample[t]) continue;
    fputs(between, out);
    style->put(out, alike < tasks ? e->spec->task[t].name : "each task");
    fprintf(out, " %" PRId64 " of %" PRId64, evaluation_asked(e, t), evaluation_offered(e, t));
    between = ", ";
  }
  fputc('\n', out);
}

static bool is_by_collector(const Pool *pool, int expert) {
  return pool_entry(pool, expert)->maker.way != GATE_CONTRIBUTED;
}

/* Of how many experts, and which where not all, the gates are so. */
static void print_gates(const Evaluation *e, const char *what, bool is(const Pool *, int),
                        const NoteStyle *style, FILE *out) {
  int count = 0, experts = e->pool ? pool_count(e->pool) : 0;
  for (int i = 0; i < experts; i++) count += is(e->pool, i);
  if (count == 0) return;
  fprintf(out, "%sgates %s: %d of %d experts", style->before, what, count, experts);
  const char *between = ": ";
  for (int i = 0; i < experts && count < experts; i++) {
    if (!is(e->pool, i)) continue;
    fputs(between, out);
    style->put(out, pool_entry(e->pool, i)->name);
    between = ", ";
  }
  fputc('\n', out);
}

/* Whose gates nobody vouches for, and whose were not trained by who trained the expert. */
static void print_provenance(const Evaluation *e, const NoteStyle *style, FILE *out) {
  print_gates(e, "of unverified provenance", pool_is_unverified, style, out);
  print_gates(e, "by the collector", is_by_collector, style, out);
}

void eval_notes_put(const Evaluation *e, const NoteStyle *style, FILE *out) {
  for (int m = 0; m < e->spec->methods; m++) {
    if (e->spec->method[m]->rule != EVAL_ROUTED && e->spec->method[m]->shown)
      print_choices(e, m, style, out);
  }
  print_chosen(e->spec, style, out);
  print_samples(e, style, out);
  print_items(e, style, out);
  print_provenance(e, style, out);
  if (e->pool && !pool_files_verified(e->pool))
    fprintf(out, "%sthe pool's files were not compared with pool.yaml (verify: false)\n",
            style->before);
}

#include "infer/route/score_sums.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Of one expert at one module. Sums are of differences to the first score, so that a small deviation
 * is not lost behind a large mean. */
typedef struct ScoreSum {
  double first, sum, square;
  int64_t count;
} ScoreSum;

struct ScoreSums {
  const Pool *pool;
  ScoreSum *sum;         /* [modules, experts] */
  int64_t *rows;         /* [modules] */
  const RouteTerms *now; /* of the plan that is seen next; NULL: it has none */
};

Status score_sums_new(ScoreSums **out, const Pool *pool, Error *err) {
  size_t modules = (size_t)pool_modules(pool)->count, experts = (size_t)pool_count(pool);
  ScoreSums *s = *out = calloc(1, sizeof *s);
  if (s) {
    s->pool = pool;
    s->sum = calloc(modules * experts, sizeof *s->sum);
    s->rows = calloc(modules, sizeof *s->rows);
  }
  if (s && s->sum && s->rows) return STATUS_OK;
  score_sums_free(s);
  *out = NULL;
  return error_set(err, STATUS_RUN, "out of memory: sums of scores");
}

void score_sums_free(ScoreSums *s) {
  if (!s) return;
  free(s->sum);
  free(s->rows);
  free(s);
}

/* ---- seeing ---- */

static void add_score(ScoreSum *sum, float score) {
  if (score == -INFINITY) return; /* takes no part */
  if (sum->count++ == 0) sum->first = (double)score;
  double off = (double)score - sum->first;
  sum->sum += off;
  sum->square += off * off;
}

static void hear_terms(void *arg, const RouteTerms *terms) {
  ScoreSums *s = arg;
  s->now = terms;
}

static void see_plan(void *arg, Context *c, const Module *module, const Rows *rows,
                     const Tensor *softmax, const Plan *plan) {
  (void)rows, (void)softmax, (void)plan;
  ScoreSums *s = arg;
  if (!s->now || context_failed(c)) return;
  const Tensor *score = s->now->local;
  ScoreSum *sum = s->sum + module->id * score->cols;
  for (int64_t t = 0; t < score->rows; t++)
    for (int64_t i = 0; i < score->cols; i++) add_score(&sum[i], score->data[t * score->cols + i]);
  s->rows[module->id] += score->rows;
  s->now = NULL;
}

static Status keep_all(void *arg, const bool *keep, int64_t sequences, Error *err) {
  (void)arg, (void)keep, (void)sequences, (void)err;
  return STATUS_OK;
}

RouteWatcher score_sums_watcher(ScoreSums *s) {
  return (RouteWatcher){.see = see_plan, .keep = keep_all, .explain = hear_terms, .arg = s};
}

/* ---- the end ---- */

static Status check_sum(const ScoreSums *s, int expert, const Module *module, const ScoreSum *sum,
                        Error *err) {
  const char *name = pool_entry(s->pool, expert)->name;
  if (sum->count > 0 && sum->count == s->rows[module->id]) return STATUS_OK;
  if (s->rows[module->id] == 0)
    return error_set(err, STATUS_INPUT, "%s: nothing reached it, so that '%s' was not scored there",
                     module->name, name);
  return error_set(err, STATUS_USAGE,
                   "%s: '%s' was scored at %" PRId64 " of %" PRId64
                   " tokens; measure without settings that leave experts out (norm.prefilter)",
                   module->name, name, sum->count, s->rows[module->id]);
}

Status score_sums_finish(const ScoreSums *s, float *mean, float *deviation, int64_t *constant,
                         Error *err) {
  const Modules *modules = pool_modules(s->pool);
  const int experts = pool_count(s->pool);
  *constant = 0;
  for (int64_t i = 0; i < (int64_t)experts * modules->count; i++) {
    const int expert = (int)(i / modules->count), module = (int)(i % modules->count);
    const ScoreSum *sum = &s->sum[(int64_t)module * experts + expert];
    mean[i] = deviation[i] = 0;
    if (!pool_covers(s->pool, expert, module)) continue;
    TRY(check_sum(s, expert, &modules->module[module], sum, err));
    double off = sum->sum / (double)sum->count,
           variance = sum->square / (double)sum->count - off * off;
    mean[i] = (float)(sum->first + off);
    deviation[i] = (float)sqrt(fmax(variance, 0));
    if (!isfinite(1 / deviation[i])) deviation[i] = 0; /* nothing can be divided by it */
    *constant += deviation[i] == 0;
  }
  return STATUS_OK;
}

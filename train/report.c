#include "train/report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/order.h"
#include "autograd/ground/text_stream.h"
#include "data/file/path.h"
#include "data/text/json_put.h"
#include "train/run_dir.h"
#include "train/run_log.h"

/* ---- measuring ---- */

static double vector_norm(const Tensor *v) {
  double sum = 0;
  for (int64_t i = 0; i < tensor_count(v); i++) sum += (double)v->data[i] * (double)v->data[i];
  return sqrt(sum);
}

static double module_openness(const GateStats *s) {
  return s->count ? s->sum / (double)s->count : NAN;
}

void report_groups(const GatedExpert *e, double openness[T5_GROUPS], double norm[T5_GROUPS]) {
  int count[T5_GROUPS] = {0};
  for (int g = 0; g < T5_GROUPS; g++) openness[g] = norm[g] = 0;
  for (int i = 0; i < e->model->modules.count; i++) {
    if (!gate_covers(e->gate, i)) continue;
    int g = e->model->modules.module[i].group;
    openness[g] += module_openness(&e->stats[i]);
    norm[g] += vector_norm(&e->gate->vector[i]);
    count[g]++;
  }
  for (int g = 0; g < T5_GROUPS; g++) {
    openness[g] = count[g] ? openness[g] / count[g] : NAN;
    norm[g] = count[g] ? norm[g] / count[g] : NAN;
  }
}

/* Spread over modules of the norms of v and of the mean gate values. */
static Status measure_modules(GateReport *r, const GatedExpert *e, Error *err) {
  double *norm = calloc((size_t)e->model->modules.count + 1, sizeof *norm);
  if (!norm) return error_set(err, STATUS_RUN, "out of memory: the gate report");
  r->openness_min = INFINITY;
  r->openness_max = -INFINITY;
  int moved = 0, shifted = 0;
  for (int i = 0; i < e->model->modules.count; i++) {
    if (!gate_covers(e->gate, i)) continue;
    double open = module_openness(&e->stats[i]);
    norm[r->modules] = vector_norm(&e->gate->vector[i]);
    moved += norm[r->modules++] > 0;
    shifted += fabs(open - 0.5) > REPORT_SHIFT;
    r->openness += open;
    r->openness_min = fmin(r->openness_min, open);
    r->openness_max = fmax(r->openness_max, open);
  }
  qsort(norm, (size_t)r->modules, sizeof *norm, order_double);
  r->moved = (double)moved / r->modules;
  r->shifted = (double)shifted / r->modules;
  r->openness /= r->modules;
  r->norm_min = norm[0];
  r->norm_max = norm[r->modules - 1];
  r->norm_median = (norm[(r->modules - 1) / 2] + norm[r->modules / 2]) / 2;
  free(norm);
  return STATUS_OK;
}

/* The losses of every example in every state of the gates, the trained ones last: their statistics
 * are what is left. */
static Status measure_states(ExampleLosses *x, const GatedExpert *e, const Probe *probe, Stepper *s,
                             Error *err) {
  AdapterSet removed = {0}, zero = {0};
  Gate *zero_gate = NULL;
  Status status = expert_adapters(e->expert, &removed, err);
  if (status == STATUS_OK) status = gate_new(&zero_gate, e->expert, &e->model->modules, err);
  if (status == STATUS_OK) status = gate_adapters(zero_gate, e->expert, &zero, err);
  const AdapterSet *state[GATE_STATES] = {NULL, &removed, &zero, e->adapters};
  for (int k = 0; k < GATE_STATES && status == STATUS_OK; k++) {
    memset(e->stats, 0, (size_t)e->model->modules.count * sizeof *e->stats);
    status = probe_example_losses(probe, s, e->model, state[k], x->sum[k], err);
  }
  probe_example_tokens(probe, x->tokens);
  free(removed.slot);
  free(zero.slot);
  gate_close(zero_gate);
  return status;
}

/* The fall of the training loss over the last half of the steps up to `steps`. */
static Status measure_fall(Measured *fall, const char *dir, int64_t steps, Error *err) {
  RunLog log;
  TRY(run_log_read(&log, dir, err));
  double *x = calloc(log.count, sizeof *x), *y = calloc(log.count, sizeof *y);
  size_t n = 0;
  for (size_t i = 0; x && y && i < log.count; i++) {
    const MetricsRow *p = &log.point[i];
    if (p->step <= steps / 2 || p->step > steps || !isfinite(p->loss)) continue;
    x[n] = (double)p->step;
    y[n++] = p->loss;
  }
  Status status = x && y ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the gate report");
  if (status == STATUS_OK) *fall = curve_fall(x, y, n);
  free(x);
  free(y);
  run_log_free(&log);
  return status;
}

Status report_make(GateReport *r, const GatedExpert *e, const Probe *probe, Stepper *s,
                   const char *dir, int64_t steps, Error *err) {
  *r = (GateReport){.held_out = probe->held_out,
                    .examples = probe->batch.examples,
                    .tokens = probe->batch.target_tokens};
  ExampleLosses x = {0};
  Measured fall = {0};
  Status status = measure_fall(&fall, dir, steps, err);
  if (status == STATUS_OK) status = example_losses_new(&x, r->examples, err);
  if (status == STATUS_OK) status = measure_states(&x, e, probe, s, err);
  if (status == STATUS_OK) status = measure_modules(r, e, err);
  if (status == STATUS_OK) {
    report_groups(e, r->group_openness, r->group_norm);
    for (int k = 0; k < GATE_STATES; k++) r->loss[k] = example_losses_mean(&x, (GateState)k);
    r->verdict = verdict_of(&x, fall, r->moved == 1);
  }
  example_losses_free(&x);
  return status;
}

/* ---- for people ---- */

static void print_groups(const GateReport *r, FILE *out) {
  fprintf(out, "  %-14s %10s %10s\n", "module group", "openness", "norm of v");
  for (int g = 0; g < T5_GROUPS; g++) {
    if (isnan(r->group_openness[g])) continue;
    fprintf(out, "  %-14s %10.4f %10.4f\n", T5_GROUP[g], r->group_openness[g], r->group_norm[g]);
  }
}

static void print_extensions(const Extensions *x, FILE *out) {
  for (int i = 0; i < x->count; i++) {
    char *line = extension_text(&x->one[i]);
    fprintf(out, "\n  the run was %s\n", line ? line : "extended");
    free(line);
  }
}

static void print_measured(FILE *out, const char *what, Measured m) {
  if (isfinite(m.half))
    fprintf(out, "    %-29s %+8.4f +- %.4f\n", what, m.value, m.half);
  else
    fprintf(out, "    %-29s %+8.4f, no telling\n", what, m.value);
}

static void print_losses(const GateReport *r, FILE *out) {
  fprintf(out, "  loss on %lld %s examples (nats a target token)\n", (long long)r->examples,
          r->held_out ? "validation" : "training");
  fprintf(out, "    base without the expert       %8.4f\n", r->loss[STATE_BASE]);
  fprintf(out, "    gate removed (sigma = 1)      %8.4f\n", r->loss[STATE_REMOVED]);
  fprintf(out, "    zero gate    (sigma = 1/2)    %8.4f\n", r->loss[STATE_ZERO]);
  fprintf(out, "    trained gate                  %8.4f\n", r->loss[STATE_TRAINED]);
  fprintf(out, "  differences, example by example, with 95 %% intervals\n");
  print_measured(out, "base - gate removed", r->verdict.help);
  print_measured(out, "zero gate - gate removed", r->verdict.half);
  print_measured(out, "zero gate - trained gate", r->verdict.gained);
  print_measured(out, "trained gate - gate removed", r->verdict.lacking);
  fprintf(out, "  fall of the training loss over the last half of the steps\n");
  print_measured(out, "", r->verdict.fall);
}

static void print_report(const GateReport *r, FILE *out) {
  static const char *const ANSWER[] = {
      [VERDICT_NOT] = "no", [VERDICT_BARELY] = "barely", [VERDICT_TRAINED] = "yes"};
  fprintf(out, "Is the gate trained?  %s: %s\n\n", ANSWER[r->verdict.word], r->verdict.reason);
  print_losses(r, out);
  fprintf(out, "\n  %d modules: %.1f %% moved, %.1f %% shifted their mean gate value by over %g\n",
          r->modules, 100 * r->moved, 100 * r->shifted, REPORT_SHIFT);
  fprintf(out, "  openness (mean sigma)  %.4f, from %.4f to %.4f over modules\n", r->openness,
          r->openness_min, r->openness_max);
  fprintf(out, "  norm of v              median %.4f, from %.4f to %.4f\n\n", r->norm_median,
          r->norm_min, r->norm_max);
  print_groups(r, out);
  print_extensions(&r->extended, out);
}

/* ---- files ---- */

static json_t *losses_json(const GateReport *r) {
  json_t *o = json_object();
  json_put(&o, "base", metrics_number(r->loss[STATE_BASE]));
  json_put(&o, "gate_removed", metrics_number(r->loss[STATE_REMOVED]));
  json_put(&o, "zero_gate", metrics_number(r->loss[STATE_ZERO]));
  json_put(&o, "trained_gate", metrics_number(r->loss[STATE_TRAINED]));
  return o;
}

/* {value, half_width}; the latter null where there is no telling. */
static json_t *measured_json(Measured m) {
  json_t *o = json_object();
  json_put(&o, "value", metrics_number(m.value));
  json_put(&o, "half_width", metrics_number(m.half));
  return o;
}

static json_t *differences_json(const Verdict *v) {
  json_t *o = json_object();
  json_put(&o, "base_less_removed", measured_json(v->help));
  json_put(&o, "zero_less_removed", measured_json(v->half));
  json_put(&o, "zero_less_trained", measured_json(v->gained));
  json_put(&o, "trained_less_removed", measured_json(v->lacking));
  json_put(&o, "fall_of_training_loss", measured_json(v->fall));
  return o;
}

static json_t *openness_json(const GateReport *r) {
  json_t *o = json_object();
  json_put(&o, "mean", metrics_number(r->openness));
  json_put(&o, "min", metrics_number(r->openness_min));
  json_put(&o, "max", metrics_number(r->openness_max));
  return o;
}

static json_t *norms_json(const GateReport *r) {
  json_t *o = json_object();
  json_put(&o, "median", metrics_number(r->norm_median));
  json_put(&o, "min", metrics_number(r->norm_min));
  json_put(&o, "max", metrics_number(r->norm_max));
  return o;
}

static json_t *report_json(const GateReport *r) {
  json_t *o = json_object();
  json_put(&o, "trained", json_boolean(r->verdict.word == VERDICT_TRAINED));
  json_put(&o, "verdict", json_string(gate_verdict_name(r->verdict.word)));
  json_put(&o, "reason", json_string(r->verdict.reason));
  json_put(&o, "examples_from", json_string(r->held_out ? "valid" : "train"));
  json_put(&o, "examples", json_integer(r->examples));
  json_put(&o, "target_tokens", json_integer(r->tokens));
  json_put(&o, "loss", losses_json(r));
  json_put(&o, "difference", differences_json(&r->verdict));
  json_put(&o, "modules", json_integer(r->modules));
  json_put(&o, "share_moved", metrics_number(r->moved));
  json_put(&o, "share_shifted", metrics_number(r->shifted));
  json_put(&o, "openness", openness_json(r));
  json_put(&o, "gate_norm", norms_json(r));
  json_put(&o, "group_openness", metrics_groups(r->group_openness));
  json_put(&o, "group_gate_norm", metrics_groups(r->group_norm));
  if (r->extended.count > 0) json_put(&o, "extended", extensions_json(&r->extended));
  return o;
}

/* The report for people, in memory; NULL when out of it. */
static char *report_text(const GateReport *r) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  print_report(r, s.out);
  return text_stream_close(&s);
}

Status report_save(const GateReport *r, const char *dir, char **text, Error *err) {
  char *path = path_join(dir, "report.txt");
  *text = report_text(r);
  Status status =
      path && *text ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the gate report");
  if (status == STATUS_OK) status = file_write(path, *text, strlen(*text), err);
  if (status == STATUS_OK) status = run_dir_write_json(dir, "report.json", report_json(r), err);
  free(path);
  return status;
}

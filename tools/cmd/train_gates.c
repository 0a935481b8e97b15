#include "tools/cmd/train_gates.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/options/options_paths.h"
#include "infer/expert/gate.h"
#include "tools/cmd/train_watch.h"
#include "tools/shell/machine.h"
#include "train/gates/gates_run.h"

/* ---- watching ---- */

typedef struct GatesWatching {
  Watching train;
  bool sample; /* of a dry run */
} GatesWatching;

static void begin_label(Watching *w, const char *what, const char *name) {
  console_progress_end(&w->progress);
  snprintf(w->label, sizeof w->label, "%s %.*s", what, POOL_NAME_MAX, name);
  w->begun = false;
}

static void on_asked(void *arg, const char *name, int64_t done, int64_t of) {
  Watching *w = &((GatesWatching *)arg)->train;
  char label[sizeof w->label];
  snprintf(label, sizeof label, "asking %.*s", POOL_NAME_MAX, name);
  if (!w->begun || strcmp(label, w->label) != 0) {
    begin_label(w, "asking", name);
    console_progress_begin(&w->progress, w->label, 0, of);
    w->begun = true;
  }
  console_progress_update(&w->progress, done, "examples");
}

static void on_begins(void *arg, const char *expert, int64_t examples) {
  GatesWatching *w = arg;
  begin_label(&w->train, "gates of", expert);
  console_note(NULL, "the gates of '%s', on %" PRId64 " examples", expert, examples);
}

static void on_ends(void *arg, const char *expert, GateVerdict verdict, const char *dir) {
  GatesWatching *w = arg;
  console_progress_end(&w->train.progress);
  console_say("the gates of '%s': %s (%s/report.txt)", expert, gate_verdict_name(verdict), dir);
}

static void on_divided(void *arg, const Shares *s) {
  GatesWatching *w = arg;
  console_progress_end(&w->train.progress);
  console_say("%s%" PRId64 " examples: %" PRId64 " go to more than one expert; %" PRId64
              " are as likely under the base alone",
              w->sample ? "of " : "", s->examples, s->tied, s->unhelped);
  console_say("  %-24s %8s %6s %9s %8s  %s", "expert", "examples", "tied", "unhelped", "margin",
              w->sample ? "" : "its gates");
}

static void on_share(void *arg, const char *expert, const Share *s, const char *fate) {
  const GatesWatching *w = arg;
  char margin[16] = "-";
  if (!isnan(s->margin)) snprintf(margin, sizeof margin, "%.3f", s->margin);
  console_say("  %-24s %8" PRId64 " %6" PRId64 " %9" PRId64 " %8s  %s", expert, s->examples,
              s->tied, s->unhelped, margin, w->sample ? "" : fate);
}

static GatesWatch watch_of(GatesWatching *w) {
  return (GatesWatch){.arg = w,
                      .asked = on_asked,
                      .divided = on_divided,
                      .share = on_share,
                      .begins = on_begins,
                      .ends = on_ends,
                      .train = train_watch(&w->train)};
}

/* ---- the command ---- */

static void print_plan(const GatesSettings *s, const GatesPlan *plan) {
  enum { LIKELY_PERCENT = 65 }; /* of the processor's rate that a step usually reaches */
  const Estimate *e = &plan->train.estimate;
  char a[32], b[32], c[32];
  double rate = machine_fma_rate((int)s->run.threads) * LIKELY_PERCENT / 100;
  bool share = plan->experts > 0;
  double train = e->flops_per_step / rate * (double)s->run.train.steps;
  if (share) train *= plan->trained;
  printf("train gates: every file fits\n");
  printf("examples   %" PRId64, plan->examples);
  if (share)
    printf(", asked of %d experts and the base: about %s", plan->experts,
           console_duration(a, sizeof a, plan->ask_seconds));
  printf("\ngates      ");
  if (share) printf("of %d expert%s, ", plan->trained, plan->trained == 1 ? "" : "s");
  printf("%" PRId64 " steps%s: about %s%s\n", s->run.train.steps, share ? " each" : " of all",
         console_duration(b, sizeof b, train),
         share ? " with even shares" : ", and what the experts add");
  printf("memory     about %s; %s available\n",
         console_bytes(a, sizeof a, e->weight_bytes + e->state_bytes + e->activation_bytes),
         console_bytes(c, sizeof c, plan->train.left.memory));
}

static Status plan_run(const OptionSet *set, bool strict, Error *err) {
  GatesWatching w = {.train.label = "train gates", .sample = true};
  GatesPlan plan;
  const GatesWatch watch = watch_of(&w);
  Status status = gates_plan(set, strict, &watch, &plan, err);
  console_progress_end(&w.train.progress);
  if (status == STATUS_OK) print_plan(set->settings, &plan);
  return status;
}

static Status run(const OptionSet *set, const TrainRequest *request, Error *err) {
  const GatesSettings *s = set->settings;
  GatesWatching w = {.train.label = "train gates"};
  const GatesWatch watch = watch_of(&w);
  Status status = gates_run(set, request, &watch, err);
  console_progress_end(&w.train.progress);
  if (status == STATUS_OK)
    console_say("%s: the gates; `skein pool set %s --gates %s` gives them to the pool",
                s->run.output, s->pool, s->run.output);
  return status;
}

static Status read_settings(OptionSet *set, const GatesAsked *a, Error *err) {
  if (a->config) TRY(options_read_file(set, a->config, err));
  for (int i = 0; i < a->assignments; i++) TRY(options_assign(set, a->assignment[i], err));
  TRY(gates_settings_finish(set, a->config ? a->config : "command line", err));
  if (a->config) options_tell_paths(set, a->config, console_line);
  return STATUS_OK;
}

Status train_gates(const GatesAsked *asked, Error *err) {
  GatesSettings settings;
  OptionSet set = {0};
  Status status = gates_settings_init(&set, &settings, err);
  if (status == STATUS_OK) status = read_settings(&set, asked, err);
  if (status == STATUS_OK)
    status = asked->dry_run ? plan_run(&set, asked->request.strict, err)
                            : run(&set, &asked->request, err);
  options_free(&set);
  return status;
}

void train_gates_settings(SettingsSeen *seen, void *arg) {
  GatesSettings settings;
  OptionSet set = {0};
  if (gates_settings_init(&set, &settings, NULL) == STATUS_OK)
    seen(arg, "Settings of train gates", &set);
  options_free(&set);
}

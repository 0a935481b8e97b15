#include "infer/eval/eval_run.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/version.h"
#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/path.h"
#include "infer/eval/eval_choose.h"
#include "infer/eval/eval_experts.h"
#include "infer/eval/eval_identity.h"
#include "infer/eval/eval_kept.h"
#include "infer/eval/eval_sample.h"
#include "infer/eval/eval_timing.h"
#include "infer/eval/eval_visit.h"
#include "infer/route/router.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the evaluation");
}

static Status check_output(const char *path, Error *err) {
  static const char *const BEGUN[] = {"cells",      "kept",      "table.txt",   "table.md",
                                      "table.tex",  "table.csv", "table.json",  "failures.jsonl",
                                      "validation", "timings",   "timings.csv", NULL};
  const OutputDir kind = {"evaluation of skein", "table.json", BEGUN};
  return output_check_dir(path, &kind, err);
}

/* ---- opening ---- */

/* `base`, else what the pool says. */
static Status open_base(Evaluation *e, Error *err) {
  const EvalSettings *s = &e->spec->settings;
  PoolManifest manifest = {0};
  const char *dir;
  if (!s->base) TRY(manifest_read(&manifest, s->pool, err));
  Status status = manifest_base(&manifest, s->base, &dir, err);
  if (status == STATUS_OK) status = base_open(&e->base, dir, err);
  if (status == STATUS_OK) status = base_sample(&e->base, err);
  if (status == STATUS_OK) status = eval_base_identity(&e->base, e->base_identity, err);
  manifest_free(&manifest);
  return status;
}

/* The pool, or of its experts those in `only`. */
static Status open_experts(Evaluation *e, Pool **pool, const char *only, Error *err) {
  const EvalSettings *s = &e->spec->settings;
  return (s->verify ? pool_open : pool_open_as_is)(pool, s->pool, &e->base.model->modules,
                                                   e->base.sample, only, err);
}

static Status open_model(Evaluation *e, Error *err) {
  const EvalSettings *s = &e->spec->settings;
  TRY(eval_program_identity(version_text(), kernels_default(), (Precision)s->precision,
                            e->program_identity, err));
  TRY(open_base(e, err));
  if (!s->pool) return STATUS_OK;
  TRY(open_experts(e, &e->pool, NULL, err));
  return s->require_provenance ? pool_require_provenance(e->pool, err) : STATUS_OK;
}

/* Whether a method compares the items with the experts. */
static bool compares_items(const EvalSpec *spec) {
  for (int m = 0; m < spec->methods; m++) {
    const EvalMethod *method = spec->method[m];
    if (method->rule == EVAL_ROUTED && eval_method_uses(method, "embedder")) return true;
  }
  return false;
}

static ItemKeys item_keys(const Evaluation *e, const EvalTask *task) {
  const EvalSettings *s = &e->spec->settings;
  return (ItemKeys){.input = task->input_key,
                    .target = task->target_key,
                    .choices = task->choices_key,
                    .label = task->label_key,
                    .instruction = task->instruction_key,
                    .choices_from_targets = task->choices_from_targets,
                    .strict = s->strict,
                    .no_query = !compares_items(e->spec),
                    .use = task->kind == TASK_CHOICES ? ITEMS_CHOSEN : ITEMS_ANSWERED,
                    .tokens = {e->base.tokenizer, s->max_target}};
}

static Status open_items(Evaluation *e, Error *err) {
  const EvalSpec *spec = e->spec;
  e->items = calloc((size_t)spec->tasks, sizeof(ItemSet *));
  e->sample = calloc((size_t)spec->tasks, sizeof(int64_t *));
  if (!e->items || !e->sample) return no_memory(err);
  for (int t = 0; t < spec->tasks; t++) {
    const EvalTask *task = &spec->task[t];
    const ItemKeys keys = item_keys(e, task);
    TRY(items_open(&e->items[t], task->file, (ItemFormat)task->format, &keys, err));
    TRY(eval_sample(spec, task, items_count(e->items[t]), &e->sample[t], err));
  }
  return STATUS_OK;
}

static CellParts cell_parts(const Evaluation *e, int method, int task, const char *experts) {
  return (CellParts){.spec = e->spec,
                     .task = &e->spec->task[task],
                     .method = e->spec->method[method],
                     .items = e->items[task],
                     .sample = e->sample[task],
                     .program = e->program_identity,
                     .base = e->base_identity,
                     .experts = experts};
}

static bool wants_statistics(const EvalSpec *spec, const EvalMethod *m) {
  return spec->settings.statistics && eval_method_routes(m);
}

/* The cells of one method: which are wanted, who they are, which are finished. */
static Status open_cells(Evaluation *e, int method, bool force, Error *err) {
  const EvalMethod *m = e->spec->method[method];
  char experts[HASH_HEX];
  TRY(eval_experts_identity(e, m, experts, err));
  for (int t = 0; t < e->spec->tasks; t++) {
    EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state != CELL_OPEN) continue;
    cell->answers = method;
    CellParts parts = cell_parts(e, method, t, experts);
    TRY(eval_cell_identity(&parts, cell->identity, err));
    if (!force && e->spec->settings.verify)
      TRY(eval_cell_read(cell, &parts, wants_statistics(e->spec, m), err));
    if (cell->state == CELL_DONE) TRY(eval_timing_read(cell, &parts, err));
    if (cell->state == CELL_OPEN || cell->kept)
      TRY(eval_kept_look(&parts, cell->identity, &cell->displaces, err));
  }
  return STATUS_OK;
}

Status evaluation_open(Evaluation *e, EvalSpec *spec, bool force, Error *err) {
  *e = (Evaluation){.spec = spec};
  TRY(check_output(spec->settings.output, err));
  TRY(open_model(e, err));
  TRY(eval_check_methods(e, err));
  TRY(open_items(e, err));
  TRY(eval_add_experts(e, err));
  e->cell = calloc((size_t)spec->methods * (size_t)spec->tasks, sizeof *e->cell);
  if (!e->cell) return no_memory(err);
  for (int m = 0; m < spec->methods; m++) {
    for (int t = 0; t < spec->tasks && spec->method[m]->shown; t++)
      evaluation_cell(e, m, t)->state = CELL_OPEN;
  }
  eval_want_choices(e);
  for (int m = 0; m < spec->methods; m++) {
    if (spec->method[m]->rule == EVAL_ROUTED) TRY(open_cells(e, m, force, err));
  }
  return STATUS_OK;
}

/* ---- visiting ---- */

static Status open_part(Evaluation *e, const char *only, Error *err) {
  if (e->part && strcmp(e->part_only, only) == 0) return STATUS_OK;
  pool_close(e->part);
  free(e->part_only);
  e->part = NULL;
  e->part_only = strdup(only);
  if (!e->part_only) return no_memory(err);
  TRY(open_experts(e, &e->part, only, err));
  if (manifest_equal(pool_manifest(e->part), pool_manifest(e->pool))) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: was changed while it was evaluated; start the evaluation again",
                   pool_dir(e->pool));
}

Status evaluation_pool(Evaluation *e, const EvalMethod *m, Pool **pool, Error *err) {
  *pool = router_reads_pool(&m->router) ? e->pool : NULL;
  if (!*pool || !m->router.only || !eval_method_uses(m, "only")) return STATUS_OK;
  TRY(open_part(e, m->router.only, err));
  *pool = e->part;
  return STATUS_OK;
}

static void fail_cell(EvalCell *cell, const Error *err) {
  cell->state = CELL_FAILED;
  memcpy(cell->error, err->text, sizeof cell->error);
}

/* Who visits cells, and who watches. */
typedef struct Visiting {
  const EvalWatch *watch;
  EvalVisit *visit;
  void *arg;
} Visiting;

/* A method ready to run. */
typedef struct Opened {
  Pool *pool;     /* NULL: the plain base */
  Router *router; /* of the pool */
  double seconds; /* that opening the router took */
} Opened;

/* The open cells of a method. */
static Status visit_cells(Evaluation *e, int method, const Opened *o, const Visiting *v,
                          Error *err) {
  const EvalMethod *m = e->spec->method[method];
  for (int t = 0; t < e->spec->tasks; t++) {
    EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state != CELL_OPEN) continue;
    CellParts parts = cell_parts(e, method, t, "");
    const Answering a = {.base = &e->base,
                         .router = o->router,
                         .pool = wants_statistics(e->spec, m) ? o->pool : NULL,
                         .parts = &parts,
                         .watch = v->watch,
                         .preparation = o->seconds};
    Error failure = {0};
    Status status = v->visit(v->arg, &a, method, t, cell, &failure);
    if (status == STATUS_INTERRUPTED) return error_set(err, status, "%s", failure.text);
    if (status != STATUS_OK) fail_cell(cell, &failure);
    if (v->watch->cell) v->watch->cell(v->watch->arg, parts.task, m, cell);
  }
  return STATUS_OK;
}

static void fail_method(Evaluation *e, int method, const EvalWatch *watch, const Error *err) {
  for (int t = 0; t < e->spec->tasks; t++) {
    EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state != CELL_OPEN) continue;
    fail_cell(cell, err);
    if (watch->cell) watch->cell(watch->arg, &e->spec->task[t], e->spec->method[method], cell);
  }
}

static bool has_open(const Evaluation *e, int method) {
  for (int t = 0; t < e->spec->tasks; t++) {
    if (evaluation_cell(e, method, t)->state == CELL_OPEN) return true;
  }
  return false;
}

static Status open_method(Evaluation *e, const EvalMethod *m, Opened *o, Error *err) {
  *o = (Opened){0};
  TRY(evaluation_pool(e, m, &o->pool, err));
  if (!o->pool) return STATUS_OK;
  const double began = timing_clock();
  TRY(router_open(&o->router, &m->router, o->pool, &e->base, (int)e->spec->settings.threads, err));
  o->seconds = timing_clock() - began;
  return STATUS_OK;
}

static void tell_method(const Opened *o, bool ended, const EvalWatch *watch) {
  if (o->router && watch->note) router_tell(o->router, ended, watch->note, watch->arg);
}

static Status visit_method(Evaluation *e, int method, const Visiting *v, Error *err) {
  const EvalMethod *m = e->spec->method[method];
  if (m->rule != EVAL_ROUTED || !has_open(e, method)) return STATUS_OK;
  Opened opened;
  Error failure = {0};
  Status status = open_method(e, m, &opened, &failure);
  if (status == STATUS_OK) {
    tell_method(&opened, false, v->watch);
    status = visit_cells(e, method, &opened, v, err);
    tell_method(&opened, true, v->watch);
  } else {
    fail_method(e, method, v->watch, &failure);
    status = STATUS_OK;
  }
  router_close(opened.router);
  return status;
}

Status evaluation_visit(Evaluation *e, const EvalWatch *watch, EvalVisit *visit, void *arg,
                        Error *err) {
  const Visiting v = {watch, visit, arg};
  for (int m = 0; m < e->spec->methods; m++) TRY(visit_method(e, m, &v, err));
  return STATUS_OK;
}

/* ---- running ---- */

/* Cells that are taken over from where they are kept. */
static Status restore_cells(Evaluation *e, int method, Error *err) {
  for (int t = 0; t < e->spec->tasks; t++) {
    EvalCell *cell = evaluation_cell(e, method, t);
    if (e->spec->method[method]->rule != EVAL_ROUTED || !cell->kept) continue;
    const CellParts parts = cell_parts(e, method, t, "");
    TRY(eval_kept_restore(&parts, cell->identity, err));
    cell->kept = false;
  }
  return STATUS_OK;
}

Status evaluation_take_output(const char *output, Lock **lock, Error *err) {
  *lock = NULL;
  TRY(check_output(output, err));
  TRY(dir_make(output, err));
  TRY(dir_check_writable(output, err));
  char *path = path_below(output, EVAL_LOCK);
  if (!path) return no_memory(err);
  Status status = lock_take(lock, path, EVAL_LOCK_DOES, NULL, err);
  free(path);
  if (status == STATUS_OK) dir_sweep(output);
  return status;
}

static Status answer_cell(void *arg, const Answering *a, int method, int task, EvalCell *cell,
                          Error *err) {
  (void)arg, (void)method, (void)task;
  return eval_answer(a, cell, err);
}

Status evaluation_run(Evaluation *e, const EvalWatch *watch, Error *err) {
  /* The output is ours until the evaluation is closed. What is taken over was read before; another
   * evaluation that has finished in between makes some cells be computed twice, to the same end. */
  TRY(evaluation_take_output(e->spec->settings.output, &e->lock, err));
  for (int m = 0; m < e->spec->methods; m++) TRY(restore_cells(e, m, err));
  TRY(evaluation_visit(e, watch, answer_cell, NULL, err));
  eval_choose(e);
  return STATUS_OK;
}

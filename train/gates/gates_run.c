#include "train/gates/gates_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autograd/ground/extremum.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "data/text/json_put.h"
#include "infer/pool/made_gates.h"
#include "train/gates/gates_parts.h"

#define SUMMARY "shares.json"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the gates");
}

/* ---- what is divided ---- */

static Status put_lines(const GatesParts *p, const Shares *s, int expert, FILE *out, Error *err) {
  for (int64_t i = 0; i < s->examples; i++) {
    if (!shares_gets(s, expert, i)) continue;
    JsonlLine line = examples_line(p->examples, i);
    bool put = fwrite(line.text, 1, line.size, out) == line.size && fputc('\n', out) != EOF;
    if (!put) return error_set_errno(err, STATUS_RUN, "%s: cannot write a share", p->shares);
  }
  return STATUS_OK;
}

/* SHARES/<expert>.jsonl in a new string; NULL when out of memory. */
static char *share_path(const GatesParts *p, int expert) {
  char *path;
  int size = asprintf(&path, "%s/%s.jsonl", p->shares, pool_entry(p->pool, expert)->name);
  return size < 0 ? NULL : path;
}

static Status write_share(const GatesParts *p, const Shares *s, int expert, Error *err) {
  AtomicFile file = {0};
  char *path = share_path(p, expert);
  Status status = path ? atomic_open(&file, path, err) : no_memory(err);
  free(path);
  TRY(status);
  status = put_lines(p, s, expert, file.stream, err);
  if (status == STATUS_OK) return atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}

static json_t *share_json(const GatesParts *p, const Shares *s, int expert) {
  const Share *share = &s->share[expert];
  json_t *o = json_object();
  json_put(&o, "name", json_string(pool_entry(p->pool, expert)->name));
  json_put(&o, "examples", json_integer(share->examples));
  json_put(&o, "tied", json_integer(share->tied));
  json_put(&o, "unhelped", json_integer(share->unhelped));
  json_put(&o, "margin", isnan(share->margin) ? json_null() : json_real(share->margin));
  json_put(&o, "fate", json_string(gates_parts_fate(p, s, expert)));
  return o;
}

static Status write_summary(const GatesParts *p, const Shares *s, Error *err) {
  json_t *root = json_object(), *list = json_array();
  for (int e = 0; e < s->experts; e++) json_push(&list, share_json(p, s, e));
  json_put(&root, "identity", json_string(p->identity));
  json_put(&root, "data", json_string(examples_hash(p->examples)));
  json_put(&root, "within", json_real(p->settings->within));
  json_put(&root, "least", json_integer(p->settings->least));
  json_put(&root, "examples", json_integer(s->examples));
  json_put(&root, "tied", json_integer(s->tied));
  json_put(&root, "unhelped", json_integer(s->unhelped));
  json_put(&root, "experts", list);
  return run_dir_write_json(p->dir.root, SUMMARY, root, err);
}

/* What is trained from shares of other data, experts or settings is not gone on with. */
static Status check_summary(const GatesParts *p, const char *path, Error *err) {
  JsonDoc doc;
  const char *identity;
  TRY(json_parse_file(&doc, path, (size_t)1 << 30, err));
  Status status = json_get_string(&doc, "identity", &identity, err);
  if (status == STATUS_OK && strcmp(identity, p->identity) != 0)
    status = error_set(err, STATUS_MISMATCH,
                       "%s: identity: is of other data, experts or settings; restore them, or "
                       "choose another output",
                       path);
  json_free(&doc);
  return status;
}

static Status check_begun(const GatesParts *p, Error *err) {
  bool there;
  char *path = path_join(p->dir.root, SUMMARY);
  Status status = path ? file_look(path, &there, err) : no_memory(err);
  if (status == STATUS_OK && there) status = check_summary(p, path, err);
  free(path);
  return status;
}

static Status write_shares(const GatesParts *p, const Shares *s, Error *err) {
  TRY(dir_make(p->shares, err));
  for (int e = 0; e < s->experts; e++) {
    if (gates_parts_trains(p, s, e)) TRY(write_share(p, s, e, err));
  }
  return write_summary(p, s, err);
}

static Status check_shares(const GatesParts *p, const Shares *s, Error *err) {
  for (int e = 0; e < s->experts; e++)
    if (gates_parts_trains(p, s, e)) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "data.train: no expert that is to get gates is the likeliest for %" PRId64
                   " of the examples (gates.least); shares.json says who is; want other or more "
                   "examples",
                   p->settings->least);
}

/* ---- training ---- */

/* Trains, or goes on, unless the gates are there. */
static Status train_once(const OptionSet *set, const char *dir, const char *gate,
                         const GatesParts *p, Error *err) {
  bool begun, done;
  TrainOutcome out;
  char *record = path_join(dir, "run.yaml");
  if (!record) return no_memory(err);
  Status status = file_look(record, &begun, err);
  free(record);
  TRY(status);
  TRY(file_look(gate, &done, err));
  if (done) return STATUS_OK;
  const TrainRequest request = {.resume = begun};
  TRY(train_run(set, &request, &p->watch->train, &out, err));
  train_outcome_free(&out);
  return STATUS_OK;
}

static Status read_verdict(const char *gate, GateVerdict *verdict, Error *err) {
  VectorFile f;
  GateInfo info;
  TRY(vector_file_open(&f, gate, GATE_FORMAT, err));
  Status status = gate_info_read(&f, &info, err);
  vector_file_close(&f);
  *verdict = info.verdict;
  return status;
}

static Status note_made(const GatesParts *p, const Shares *s, int e, const char *dir,
                        const char *gate, MadeGates *made, Error *err) {
  GateVerdict verdict;
  const PoolEntry *entry = pool_entry(p->pool, e);
  MadeGate *one = &made->gate[made->count++];
  *one = (MadeGate){.examples = s->share[e].examples};
  strcpy(one->name, entry->name);
  memcpy(one->fingerprint, entry->fingerprint, HASH_HEX);
  TRY(read_verdict(gate, &verdict, err));
  if (p->watch->ends) p->watch->ends(p->watch->arg, entry->name, verdict, dir);
  return hash_file(gate, one->file, err);
}

static void tell_beginning(const GatesParts *p, const char *name, int64_t examples) {
  int64_t batch = p->settings->run.train.batch_size;
  if (p->watch->begins) p->watch->begins(p->watch->arg, name, examples);
  if (batch > examples)
    note_take(p->notes, "a batch is the whole share: %" PRId64 " examples, not %" PRId64, examples,
              batch);
}

static Status train_into(const GatesParts *p, const Shares *s, int e, const char *share,
                         const char *dir, const char *gate, MadeGates *made, Error *err) {
  OptionSet set = {0};
  RunSettings settings;
  int64_t examples = s->share[e].examples;
  tell_beginning(p, pool_entry(p->pool, e)->name, examples);
  Status status = gates_parts_settings(p, e, share, dir, examples, &set, &settings, err);
  if (status == STATUS_OK) status = train_once(&set, dir, gate, p, err);
  if (status == STATUS_OK) status = note_made(p, s, e, dir, gate, made, err);
  options_free(&set);
  return status;
}

static Status train_expert(const GatesParts *p, const Shares *s, int e, MadeGates *made,
                           Error *err) {
  const char *name = pool_entry(p->pool, e)->name;
  char *share = share_path(p, e);
  char *dir = made_gates_dir(p->dir.path, name), *gate = made_gates_path(p->dir.path, name);
  Status status =
      share && dir && gate ? train_into(p, s, e, share, dir, gate, made, err) : no_memory(err);
  free(share);
  free(dir);
  free(gate);
  return status;
}

static Status train_all(const GatesParts *p, const Shares *s, Error *err) {
  MadeGates made = {.maker = {(GateWay)(p->settings->way + 1), ""}};
  memcpy(made.maker.data, examples_hash(p->examples), HASH_HEX);
  memcpy(made.base, p->base_hash, HASH_HEX);
  made.gate = calloc((size_t)s->experts, sizeof *made.gate);
  Status status = made.gate ? STATUS_OK : no_memory(err);
  for (int e = 0; e < s->experts && status == STATUS_OK; e++) {
    if (gates_parts_trains(p, s, e)) status = train_expert(p, s, e, &made, err);
  }
  if (status == STATUS_OK) status = made_gates_write(&made, p->dir.root, err);
  made_gates_free(&made);
  return status;
}

/* ---- the run ---- */

static Status record_run(const GatesParts *p, Error *err) {
  const Extensions none = {0};
  const RunRecord record = {p->options, p->examples, NULL, &none};
  TRY(data_report_save(&p->data, p->dir.root, err));
  return run_dir_record(&p->dir, &record, err);
}

/* What was kept of other settings is refused before the record says that it is of these. */
static Status run_opened(GatesParts *p, bool resumed, Error *err) {
  Shares shares;
  TRY(resumed ? check_begun(p, err) : record_run(p, err));
  TRY(dir_make(p->losses, err));
  Status status = gates_parts_divide(p, examples_count(p->examples), p->losses, &shares, err);
  if (status == STATUS_OK && resumed) status = record_run(p, err);
  if (status == STATUS_OK) status = write_shares(p, &shares, err);
  if (status == STATUS_OK) gates_parts_tell(p, &shares);
  if (status == STATUS_OK) status = check_shares(p, &shares, err);
  if (status == STATUS_OK) status = train_all(p, &shares, err);
  shares_free(&shares);
  return status;
}

static bool is_joint(const OptionSet *set) {
  const GatesSettings *s = set->settings;
  return s->way + 1 == GATE_JOINT;
}

static Status run_joint(const OptionSet *set, const TrainRequest *request, const GatesWatch *watch,
                        Error *err) {
  TrainOutcome out;
  TRY(train_run(set, request, &watch->train, &out, err));
  train_outcome_free(&out);
  return STATUS_OK;
}

Status gates_run(const OptionSet *set, const TrainRequest *request, const GatesWatch *watch,
                 Error *err) {
  if (is_joint(set)) return run_joint(set, request, watch, err);
  GatesParts p;
  RunStart start = request->resume ? RUN_RESUMED : RUN_FRESH;
  Status status = gates_parts_open(&p, set, start, request->strict, watch, err);
  if (status == STATUS_OK) status = run_opened(&p, request->resume, err);
  gates_parts_close(&p);
  return status;
}

/* ---- the plan ---- */

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Of the first expert that is to get gates, as if the shares were even. */
static Status plan_training(const GatesParts *p, TrainPlan *plan, Error *err) {
  int e = 0, experts = pool_count(p->pool);
  while (!p->wanted[e]) e++;
  int64_t even = (examples_count(p->examples) + experts - 1) / experts;
  char *dir = made_gates_dir(p->dir.path, pool_entry(p->pool, e)->name);
  OptionSet set = {0};
  RunSettings settings;
  Status status =
      dir ? gates_parts_settings(p, e, p->settings->run.data.train, dir, even, &set, &settings, err)
          : no_memory(err);
  if (status == STATUS_OK) status = train_plan(&set, false, NULL, plan, err);
  options_free(&set);
  free(dir);
  return status;
}

static Status plan_opened(GatesParts *p, GatesPlan *plan, Error *err) {
  plan->examples = examples_count(p->examples);
  plan->experts = pool_count(p->pool);
  plan->trained = p->trained;
  int64_t sample = min64(GATES_SAMPLE, plan->examples);
  double began = seconds_now();
  Shares shares;
  TRY(gates_parts_divide(p, sample, NULL, &shares, err));
  gates_parts_tell(p, &shares);
  shares_free(&shares);
  plan->ask_seconds = (seconds_now() - began) * (double)plan->examples / (double)sample;
  return plan_training(p, &plan->train, err);
}

Status gates_plan(const OptionSet *set, bool strict, const GatesWatch *watch, GatesPlan *plan,
                  Error *err) {
  GatesParts p;
  *plan = (GatesPlan){0};
  if (is_joint(set)) {
    TRY(train_plan(set, strict, &watch->train, &plan->train, err));
    plan->examples = plan->train.work.examples;
    return STATUS_OK;
  }
  Status status = gates_parts_open(&p, set, RUN_DRY, strict, watch, err);
  if (status == STATUS_OK) status = plan_opened(&p, plan, err);
  gates_parts_close(&p);
  return status;
}

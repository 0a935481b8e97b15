#include "train/run_parts.h"

#include <stdlib.h>
#include <string.h>

#include "train/run_data.h"

static Status make_identity(Run *r, const OptionSet *set, Error *err) {
  RunIdentity *id = &r->identity;
  id->settings = settings_identity(set);
  if (!id->settings) return error_set(err, STATUS_RUN, "out of memory: the run");
  memcpy(id->base, r->objective.on.base_hash, HASH_HEX);
  memcpy(id->expert, r->objective.on.expert_hash, HASH_HEX);
  memcpy(id->train, examples_hash(r->train), HASH_HEX);
  if (r->valid) memcpy(id->valid, examples_hash(r->valid), HASH_HEX);
  return tokenizer_fingerprint(r->objective.on.base.tokenizer, id->tokenizer, err);
}

/* What is mapped can be read again; the rest must be held. */
static Status check_memory(Run *r, Error *err) {
  const Objective *o = &r->objective;
  TRY(work_sample(&r->work, o, r->train, err));
  r->estimate = estimate_run(o, &r->work);
  return memory_require(r->estimate.state_bytes + r->estimate.activation_bytes, r->left, "the run",
                        "set train.recompute, lower train.max_tokens or learn less", err);
}

/* Which files are drawn together, and how much of each. */
static void tell_files(const Run *r) {
  size_t files = examples_mixture(r->train)->files;
  for (size_t k = 0; files > 1 && k < files; k++) {
    char *line = run_data_line(r->train, k);
    note_take(r->notes, "data.train: %s", line ? line : examples_file_path(r->train, k));
    free(line);
  }
}

static Status report_data(Run *r, bool strict, Error *err) {
  const RunSettings *s = r->settings;
  TRY(data_report_make(&r->data, r->train, r->valid, &s->data, s->train.seed, err));
  if (strict) TRY(data_report_require_sound(&r->data, err));
  tell_files(r);
  data_report_tell(&r->data, r->notes);
  return STATUS_OK;
}

static Status open_objective(Run *r, RunStart start, Error *err) {
  const RunSettings *s = r->settings;
  bool resume = start == RUN_RESUMED;
  TRY(stepper_init(&r->stepper, (int)s->threads, s->train.recompute, (Precision)s->train.precision,
                   err));
  TRY(objective_open(&r->objective, s, r->dir.root, resume, r->notes, err));
  r->objective.state = &r->state;
  r->stepper.loss = objective_loss(&r->objective);
  return objective_open_data(&r->objective, &r->train, &r->valid, err);
}

Status run_open(Run *r, const OptionSet *set, RunStart start, bool strict, NoteTaker notes,
                Error *err) {
  const RunSettings *s = set->settings;
  *r = (Run){.settings = s, .notes = notes, .left = memory_left()};
  TRY(run_dir_open(&r->dir, s->output, start, s->objective->result, err));
  TRY(open_objective(r, start, err));
  TRY(check_memory(r, err));
  r->spec = objective_batch_spec(&r->objective, &r->corruption);
  TRY(probe_open(&r->probe, r->train, r->valid, &r->spec, s->train.eval_examples, err));
  TRY(make_identity(r, set, err));
  return report_data(r, strict, err);
}

void run_close(Run *r) {
  batch_reader_stop(r->reader);
  metrics_close(r->metrics);
  probe_close(&r->probe);
  stepper_free(&r->stepper);
  data_report_free(&r->data);
  examples_close(r->train);
  examples_close(r->valid);
  objective_close(&r->objective);
  free(r->identity.settings);
  run_dir_close(&r->dir);
}

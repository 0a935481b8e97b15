#include "train/gates/gates_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "infer/pool/made_gates.h"
#include "train/gates/example_losses.h"
#include "train/gates/gates_pool.h"
#include "train/objective.h"
#include "train/run_data.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: preparing the gates");
}

/* ---- opening ---- */

static Status open_pool(GatesParts *p, Error *err) {
  TRY(gates_pool_open(p->settings, &p->base, p->base_hash, &p->pool, err));
  return manifest_base(pool_manifest(p->pool), p->settings->run.base, &p->base_dir, err);
}

static Status choose_experts(GatesParts *p, Error *err) {
  const char *named = p->settings->experts;
  int experts = pool_count(p->pool);
  p->wanted = calloc((size_t)experts + 1, sizeof *p->wanted);
  if (!p->wanted) return no_memory(err);
  if (named) TRY(manifest_require_list(pool_manifest(p->pool), named, err));
  for (int e = 0; e < experts; e++) {
    const PoolEntry *entry = pool_entry(p->pool, e);
    p->wanted[e] = named ? manifest_listed(named, entry->name) : !entry->hash[POOL_GATE][0];
    p->trained += p->wanted[e];
  }
  if (p->trained > 0) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: %s; name those that are to get others by gates.experts",
                   pool_dir(p->pool), experts ? "every expert has gates" : "has no experts");
}

static Status open_data(GatesParts *p, bool strict, Error *err) {
  const RunSettings *s = &p->settings->run;
  ExampleKeys keys = {.input = s->data.input_key, .target = s->data.target_key};
  TRY(run_data_train(&p->examples, &s->data, &keys, p->base.tokenizer, err));
  if (examples_mixture(p->examples)->uneven)
    return error_set(err, STATUS_USAGE,
                     "data.train: weight: every example is asked once; leave weights out");
  TRY(data_report_make(&p->data, p->examples, NULL, &s->data, s->train.seed, err));
  if (strict) TRY(data_report_require_sound(&p->data, err));
  data_report_tell(&p->data, p->notes);
  return STATUS_OK;
}

static Status make_identity(GatesParts *p, Error *err) {
  char tokenizer[HASH_HEX], pool[HASH_HEX];
  TRY(tokenizer_fingerprint(p->base.tokenizer, tokenizer, err));
  TRY(pool_fingerprint(p->pool, pool, err));
  char *settings = settings_identity(p->options);
  Hash *hash = settings ? hash_new() : NULL;
  if (hash) {
    hash_add_string(hash, settings);
    hash_add_string(hash, p->base_hash);
    hash_add_string(hash, tokenizer);
    hash_add_string(hash, pool);
    hash_add_string(hash, examples_hash(p->examples));
    hash_finish(hash, p->identity);
  }
  free(settings);
  return hash ? STATUS_OK : no_memory(err);
}

static Status name_parts(GatesParts *p, Error *err) {
  p->losses = path_join(p->dir.root, "losses");
  p->shares = path_join(p->dir.root, "shares");
  return p->losses && p->shares ? STATUS_OK : no_memory(err);
}

Status gates_parts_open(GatesParts *p, const OptionSet *set, RunStart start, bool strict,
                        const GatesWatch *watch, Error *err) {
  const GatesSettings *s = set->settings;
  *p = (GatesParts){.options = set, .settings = s, .watch = watch};
  p->notes = (NoteTaker){watch->train.note, watch->train.arg};
  TRY(run_dir_open(&p->dir, s->run.output, start, MADE_GATES, err));
  TRY(name_parts(p, err));
  TRY(stepper_init(&p->stepper, (int)s->run.threads, false, (Precision)s->run.train.precision,
                   err));
  TRY(open_pool(p, err));
  TRY(choose_experts(p, err));
  TRY(open_data(p, strict, err));
  return make_identity(p, err);
}

void gates_parts_close(GatesParts *p) {
  data_report_free(&p->data);
  examples_close(p->examples);
  free(p->wanted);
  pool_close(p->pool);
  base_close(&p->base);
  stepper_free(&p->stepper);
  free(p->losses);
  free(p->shares);
  run_dir_close(&p->dir);
}

/* ---- asking ---- */

static LossQuestion question(GatesParts *p, int64_t examples, const char *dir) {
  const RunSettings *s = &p->settings->run;
  return (LossQuestion){
      .set = p->examples,
      .examples = examples,
      .drawn = !dir,
      .spec = {.batch_size = examples,
               .max_tokens = s->train.max_tokens,
               .seed = (uint64_t)s->train.seed,
               .shuffle = true,
               .decoder_start = p->base.model->config.decoder_start_id},
      .stepper = &p->stepper,
      .model = p->base.model,
      .dir = dir,
      .name = LOSSES_OF_BASE,
      .identity = p->identity,
      .arg = p->watch->arg,
      .asked = p->watch->asked,
      .stop = p->watch->train.stop,
  };
}

static Status open_expert(const GatesParts *p, int e, Expert *expert, Error *err) {
  char *dir = manifest_expert_dir(pool_manifest(p->pool), e);
  if (!dir) return no_memory(err);
  Status status = expert_open(expert, dir, &p->base.model->modules, err);
  free(dir);
  return status;
}

static Status ask_expert(GatesParts *p, LossQuestion q, int e, double *loss, Error *err) {
  Expert expert;
  AdapterSet adapters = {0};
  TRY(open_expert(p, e, &expert, err));
  Status status = expert_adapters(&expert, &adapters, err);
  q.adapters = &adapters;
  q.name = pool_entry(p->pool, e)->name;
  if (status == STATUS_OK) status = example_losses(&q, loss, err);
  free(adapters.slot);
  expert_close(&expert);
  return status;
}

static Status ask_all(GatesParts *p, int64_t examples, const char *dir, double *loss, double *base,
                      Error *err) {
  const LossQuestion q = question(p, examples, dir);
  TRY(example_losses(&q, base, err));
  for (int e = 0; e < pool_count(p->pool); e++) TRY(ask_expert(p, q, e, loss + e * examples, err));
  return STATUS_OK;
}

Status gates_parts_divide(GatesParts *p, int64_t examples, const char *dir, Shares *shares,
                          Error *err) {
  int experts = pool_count(p->pool);
  *shares = (Shares){0};
  double *loss = calloc((size_t)(experts + 1) * (size_t)examples, sizeof *loss);
  if (!loss) return no_memory(err);
  double *base = loss + experts * examples;
  Status status = ask_all(p, examples, dir, loss, base, err);
  if (status == STATUS_OK)
    status = shares_divide(shares, loss, base, experts, examples, p->settings->within, err);
  free(loss);
  return status;
}

bool gates_parts_trains(const GatesParts *p, const Shares *shares, int expert) {
  return p->wanted[expert] && shares->share[expert].examples >= p->settings->least;
}

const char *gates_parts_fate(const GatesParts *p, const Shares *shares, int expert) {
  if (!p->wanted[expert]) return "keeps its gates";
  return gates_parts_trains(p, shares, expert) ? "gets gates" : "too few: gets none";
}

void gates_parts_tell(const GatesParts *p, const Shares *shares) {
  const GatesWatch *w = p->watch;
  if (w->divided) w->divided(w->arg, shares);
  for (int e = 0; w->share && e < shares->experts; e++)
    w->share(w->arg, pool_entry(p->pool, e)->name, &shares->share[e],
             gates_parts_fate(p, shares, e));
}

/* ---- training ---- */

/* Everything that `train gate` asks and the run was told. */
static Status hand_on(OptionSet *to, const OptionSet *from, Error *err) {
  static const char *const SHARED[] = {"data.input_key",
                                       "data.target_key",
                                       "data.max_input",
                                       "data.max_target",
                                       "recipe",
                                       "threads",
                                       "train.steps",
                                       "train.batch_size",
                                       "train.max_tokens",
                                       "train.learning_rate",
                                       "train.schedule",
                                       "train.warmup_ratio",
                                       "train.beta2",
                                       "train.weight_decay",
                                       "train.clip_norm",
                                       "train.seed",
                                       "train.shuffle",
                                       "train.recompute",
                                       "train.precision",
                                       "train.eval_every",
                                       "train.eval_examples",
                                       "train.patience",
                                       "train.save_every"};
  Status status = STATUS_OK;
  for (size_t i = 0; i < sizeof SHARED / sizeof *SHARED && status == STATUS_OK; i++) {
    char *text = options_text(from, SHARED[i]);
    status = text ? options_command(to, SHARED[i], text, "train gates", err) : no_memory(err);
    free(text);
  }
  return status;
}

static Status put_own(const GatesParts *p, int expert, const char *train, const char *output,
                      int64_t most, OptionSet *set, Error *err) {
  static const char PLACE[] = "train gates";
  char batch[24], *dir = manifest_expert_dir(pool_manifest(p->pool), expert);
  int64_t asked = p->settings->run.train.batch_size;
  snprintf(batch, sizeof batch, "%" PRId64, asked < most ? asked : most);
  Status status = dir ? options_command(set, "expert", dir, PLACE, err) : no_memory(err);
  free(dir);
  TRY(status);
  TRY(options_command(set, "base", p->base_dir, PLACE, err));
  TRY(options_command(set, "data.train", train, PLACE, err));
  TRY(options_command(set, "output", output, PLACE, err));
  return options_command(set, "train.batch_size", batch, PLACE, err);
}

Status gates_parts_settings(const GatesParts *p, int expert, const char *train, const char *output,
                            int64_t most, OptionSet *set, RunSettings *settings, Error *err) {
  TRY(settings_init(set, settings, &objective_gate, err));
  settings->maker.way = (GateWay)(p->settings->way + 1);
  memcpy(settings->maker.data, examples_hash(p->examples), HASH_HEX);
  TRY(hand_on(set, p->options, err));
  TRY(put_own(p, expert, train, output, most, set, err));
  return settings_finish(set, "train gates", err);
}

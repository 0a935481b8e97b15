#include "train/objective.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: preparing the run");
}

static Status add_param(Objective *o, Tensor *tensor, const char *module, const char *suffix,
                        Error *err) {
  size_t size = strlen(module) + strlen(suffix) + 1;
  char *name = malloc(size);
  if (!name) return no_memory(err);
  snprintf(name, size, "%s%s", module, suffix);
  o->name[o->params] = name;
  o->param[o->params++] = (Param){.name = name, .tensor = tensor};
  return STATUS_OK;
}

static Status reserve_params(Objective *o, int count, Error *err) {
  o->param = calloc((size_t)count, sizeof *o->param);
  o->name = calloc((size_t)count, sizeof *o->name);
  return o->param && o->name ? STATUS_OK : no_memory(err);
}

static Status open_frozen_base(Objective *o, Error *err) {
  Base base;
  TRY(base_open(&base, o->settings->base, err));
  o->model = base.model; /* they are the objective's from here */
  o->tokenizer = base.tokenizer;
  o->tokenizer_path = base.tokenizer_path;
  free(base.dir);
  return t5_fingerprint(o->model, o->base_hash, err);
}

static Status open_gate(Objective *o, Error *err) {
  TRY(open_frozen_base(o, err));
  TRY(lora_open(&o->lora, o->settings->expert, &o->model->modules, err));
  snprintf(o->expert_hash, sizeof o->expert_hash, "%s", o->lora->fingerprint);
  TRY(gate_new(&o->gate, o->lora, &o->model->modules, err));
  TRY(gate_adapters(o->gate, o->lora, &o->adapters, err));
  int n = o->model->modules.count;
  o->stats = calloc((size_t)n, sizeof *o->stats);
  if (!o->stats) return no_memory(err);
  TRY(reserve_params(o, n, err));
  for (int i = 0; i < n; i++) {
    if (!gate_covers(o->gate, i)) continue;
    o->adapters.slot[i].low_rank.stats = &o->stats[i];
    TRY(add_param(o, &o->gate->vector[i], o->model->modules.module[i].name, ".gate", err));
  }
  return STATUS_OK;
}

static Status open_lora(Objective *o, Error *err) {
  const RunSettings *s = o->settings;
  TRY(open_frozen_base(o, err));
  TRY(lora_new(&o->lora, &o->model->modules, (int)s->lora.rank, (float)s->lora.alpha,
               s->lora.targets, (uint64_t)s->train.seed, err));
  TRY(lora_adapters(o->lora, &o->adapters, err));
  TRY(reserve_params(o, 2 * o->model->modules.count, err));
  for (int i = 0; i < o->model->modules.count; i++) {
    LoraFactor *f = &o->lora->factor[i];
    if (!expert_covers(o->lora->factor, i)) continue;
    TRY(add_param(o, &f->a, o->model->modules.module[i].name, ".lora_A.weight", err));
    TRY(add_param(o, &f->b, o->model->modules.module[i].name, ".lora_B.weight", err));
  }
  return STATUS_OK;
}

/* The tokenizer of a new base: the one that is named, the one that this run made before it was
 * interrupted, or a new one trained on the training text. */
static Status open_new_tokenizer(Objective *o, const char *dir, bool resume, Error *err) {
  const RunSettings *s = o->settings;
  if (s->model.tokenizer) {
    o->tokenizer_path = strdup(s->model.tokenizer);
  } else {
    o->tokenizer_path = path_join(dir, "spiece.model");
  }
  if (!o->tokenizer_path) return no_memory(err);
  if (!s->model.tokenizer && !resume) {
    ExampleKeys keys = {s->data.input_key, s->data.target_key, s->data.text_key};
    TRY(examples_train_tokenizer(s->data.train, &keys, (int32_t)s->model.pieces, o->tokenizer_path,
                                 err));
  }
  return tokenizer_open(&o->tokenizer, o->tokenizer_path, err);
}

static Status new_config(const Objective *o, T5Config *c, Error *err) {
  const ModelSettings *m = &o->settings->model;
  if (!t5_config_named(c, m->shape)) {
    return error_set(err, STATUS_USAGE, "model.shape: unknown shape '%s'; known: %s", m->shape,
                     t5_config_names());
  }
  if (m->d_model) c->d_model = m->d_model;
  if (m->d_kv) c->d_kv = m->d_kv;
  if (m->heads) c->heads = (int)m->heads;
  if (m->d_ff) c->d_ff = m->d_ff;
  if (m->encoder_layers) c->encoder_layers = (int)m->encoder_layers;
  if (m->decoder_layers) c->decoder_layers = (int)m->decoder_layers;
  c->vocab_size = m->vocab_size ? m->vocab_size : tokenizer_size(o->tokenizer);
  return STATUS_OK;
}

static void scale(Tensor *t, double factor) {
  for (int64_t k = 0; k < tensor_count(t); k++) t->data[k] *= (float)factor;
}

/* Hugging Face starts the embedding and the head at N(0, 1) and the position biases at
 * N(0, 1 / d_model). Adam's steps are as long as the learning rate, so a large table takes long to
 * change, and heads that attend by position, which copying begins with, take long to form. */
static void respread(T5 *model, const ModelSettings *m) {
  scale(&model->shared, m->embedding_std);
  scale(&model->head_own, m->embedding_std);
  if (m->position_std == 0) return;
  double factor = m->position_std * sqrt((double)model->config.d_model);
  scale(&model->encoder.bias, factor);
  scale(&model->decoder.bias, factor);
}

static Status open_base(Objective *o, const char *dir, bool resume, Error *err) {
  T5Config config = {0};
  TRY(open_new_tokenizer(o, dir, resume, err));
  TRY(new_config(o, &config, err));
  TRY(t5_random(&o->model, &config, (uint64_t)o->settings->train.seed, true, err));
  respread(o->model, &o->settings->model);
  TRY(base_check_vocabulary(o->model, o->tokenizer, o->tokenizer_path, err));
  TRY(reserve_params(o, o->model->tensors, err));
  for (int i = 0; i < o->model->tensors; i++) {
    TRY(add_param(o, o->model->tensor[i].tensor, o->model->tensor[i].name, "", err));
  }
  return STATUS_OK;
}

Status objective_open(Objective *o, const RunSettings *settings, const char *dir, bool resume,
                      Error *err) {
  *o = (Objective){.settings = settings, .rule = adamw_defaults()};
  o->rule.beta2 = settings->train.beta2;
  o->rule.weight_decay = (double)(float)settings->train.weight_decay;
  switch (settings->objective) {
    case OBJECTIVE_GATE:
      TRY(open_gate(o, err));
      break;
    case OBJECTIVE_LORA:
      TRY(open_lora(o, err));
      break;
    case OBJECTIVE_BASE:
      TRY(open_base(o, dir, resume, err));
      break;
  }
  return params_init(o->param, o->params, err);
}

void objective_close(Objective *o) {
  if (o->param) params_free(o->param, o->params);
  for (int64_t i = 0; o->name && i < o->params; i++) free(o->name[i]);
  free(o->name);
  free(o->param);
  free(o->stats);
  free(o->adapters.slot);
  gate_close(o->gate);
  lora_close(o->lora);
  t5_close(o->model);
  tokenizer_close(o->tokenizer);
  free(o->tokenizer_path);
  *o = (Objective){0};
}

Status objective_open_data(const Objective *o, ExampleSet **train, ExampleSet **valid, Error *err) {
  const DataSettings *d = &o->settings->data;
  ExampleKeys keys = {d->input_key, d->target_key,
                      o->settings->objective == OBJECTIVE_BASE ? d->text_key : NULL};
  *train = *valid = NULL;
  TRY(examples_open(train, d->train, &keys, o->tokenizer, d->max_input, d->max_target, err));
  if (!d->valid) return STATUS_OK;
  return examples_open(valid, d->valid, &keys, o->tokenizer, d->max_input, d->max_target, err);
}

BatchSpec objective_batch_spec(const Objective *o, Corruption *corruption) {
  const RunSettings *s = o->settings;
  *corruption = (Corruption){s->corruption.rate, s->corruption.mean_span, s->corruption.target_rate,
                             (uint64_t)s->train.seed};
  return (BatchSpec){
      .batch_size = s->train.batch_size,
      .max_tokens = s->train.max_tokens,
      .seed = (uint64_t)s->train.seed,
      .shuffle = s->train.shuffle,
      .decoder_start = o->model->config.decoder_start_id,
      .corruption = s->objective == OBJECTIVE_BASE ? corruption : NULL,
  };
}

Learner objective_learner(const Objective *o) {
  return (Learner){.model = o->model,
                   .adapters = o->adapters.slot ? &o->adapters : NULL,
                   .param = o->param,
                   .params = o->params,
                   .optimizer = adamw_optimizer(&o->rule),
                   .clip_norm = o->settings->train.clip_norm};
}

static Status check_same(const char *what, const char *before, const char *after, Error *err) {
  if (!*before || strcmp(before, after) == 0) return STATUS_OK;
  return error_set(
      err, STATUS_RUN,
      "the frozen %s changed during the run (fingerprint %.12s, now %.12s); the result "
      "was not written",
      what, before, after);
}

Status objective_check_frozen(const Objective *o, Error *err) {
  char hash[HASH_HEX];
  if (*o->base_hash) {
    TRY(t5_hash(o->model, hash, err));
    TRY(check_same("base", o->base_hash, hash, err));
  }
  if (*o->expert_hash) {
    TRY(lora_fingerprint(o->lora, &o->model->modules, hash, err));
    TRY(check_same("expert", o->expert_hash, hash, err));
  }
  return STATUS_OK;
}

static Status save_gate(const Objective *o, const char *dir, int64_t steps, Error *err) {
  GateInfo info = {.steps = steps, .seed = (uint64_t)o->settings->train.seed};
  snprintf(info.base, sizeof info.base, "%s", o->base_hash);
  snprintf(info.expert, sizeof info.expert, "%s", o->expert_hash);
  snprintf(info.recipe, sizeof info.recipe, "%s", recipe_name(o->settings->recipe));
  char *path = path_join(dir, objective_result(OBJECTIVE_GATE));
  if (!path) return no_memory(err);
  Status status = gate_save(o->gate, &o->model->modules, path, &info, err);
  free(path);
  return status;
}

/* A copy of the tokenizer beside the new base, unless it is there already. */
static Status save_tokenizer(const Objective *o, const char *dir, Error *err) {
  enum { TOKENIZER_MOST = 256 << 20 };
  char *path = path_join(dir, "spiece.model"), *bytes = NULL;
  size_t size = 0;
  if (!path) return no_memory(err);
  Status status = STATUS_OK;
  if (strcmp(path, o->tokenizer_path) != 0) {
    status = file_read(o->tokenizer_path, TOKENIZER_MOST, &bytes, &size, err);
    if (status == STATUS_OK) status = file_write(path, bytes, size, err);
  }
  free(bytes);
  free(path);
  return status;
}

Status objective_save(const Objective *o, const char *dir, int64_t steps, Error *err) {
  switch (o->settings->objective) {
    case OBJECTIVE_GATE:
      return save_gate(o, dir, steps, err);
    case OBJECTIVE_LORA:
      return lora_save(o->lora, &o->model->modules, dir, o->settings->base,
                       (Dtype)o->settings->lora.dtype, err);
    default:
      TRY(save_tokenizer(o, dir, err));
  }
  return t5_save(o->model, dir, (Dtype)o->settings->model.dtype, err);
}

const char *objective_result(ObjectiveKind kind) {
  static const char *const NAMES[] = {"gate.safetensors", "adapter_model.safetensors",
                                      "model.safetensors"};
  return NAMES[kind];
}

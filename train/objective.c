#include "train/objective.h"

#include <stdio.h>
#include <stdlib.h>

#include "train/run_data.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: preparing the run");
}

Status objective_reserve(Objective *o, int count, Error *err) {
  o->param = calloc((size_t)count, sizeof *o->param);
  o->name = calloc((size_t)count, sizeof *o->name);
  return o->param && o->name ? STATUS_OK : no_memory(err);
}

Status objective_add(Objective *o, Tensor *tensor, const char *module, const char *suffix,
                     Error *err) {
  char *name = NULL;
  if (asprintf(&name, "%s%s", module, suffix) < 0) return no_memory(err);
  o->name[o->params] = name;
  o->param[o->params++] = (Param){.name = name, .tensor = tensor};
  return STATUS_OK;
}

Status objective_open(Objective *o, const RunSettings *settings, const char *dir, bool resume,
                      NoteTaker notes, Error *err) {
  *o = (Objective){.kind = settings->objective,
                   .settings = settings,
                   .notes = notes,
                   .rule = adamw_defaults(),
                   .factor = adafactor_defaults()};
  o->rule.beta2 = settings->train.beta2;
  o->rule.weight_decay = (double)(float)settings->train.weight_decay;
  o->factor.weight_decay = settings->train.weight_decay;
  o->factor.scale_parameter = settings->train.scale_parameter;
  TRY(o->kind->open(o, dir, resume, err));
  return params_init(o->param, o->params, err);
}

void objective_close(Objective *o) {
  if (o->param) params_free(o->param, o->params);
  for (int64_t i = 0; o->name && i < o->params; i++) free(o->name[i]);
  free(o->name);
  free(o->param);
  free(o->adapters.slot);
  if (o->kind && o->kind->close) o->kind->close(o);
  foundation_close(&o->on);
  *o = (Objective){0};
}

Status objective_open_data(const Objective *o, ExampleSet **train, ExampleSet **valid, Error *err) {
  const DataSettings *d = &o->settings->data;
  ExampleKeys keys = {.input = d->input_key,
                      .target = d->target_key,
                      .text = o->kind->corrupts ? d->text_key : NULL};
  if (o->kind->choices) keys.use = o->kind->choices(o->settings);
  keys.choices = d->choices_key;
  keys.label = d->label_key;
  *train = *valid = NULL;
  TRY(run_data_train(train, d, &keys, o->on.base.tokenizer, err));
  return run_data_valid(valid, d, &keys, o->on.base.tokenizer, err);
}

BatchSpec objective_batch_spec(const Objective *o, Corruption *corruption) {
  const RunSettings *s = o->settings;
  *corruption = (Corruption){s->corruption.rate, s->corruption.mean_span, s->corruption.target_rate,
                             (uint64_t)s->train.seed};
  return (BatchSpec){.batch_size = s->train.batch_size,
                     .max_tokens = s->train.max_tokens,
                     .seed = (uint64_t)s->train.seed,
                     .shuffle = s->train.shuffle,
                     .decoder_start = o->on.base.model->config.decoder_start_id,
                     .corruption = o->kind->corrupts ? corruption : NULL};
}

BatchLoss objective_loss(const Objective *o) {
  return o->kind->loss ? o->kind->loss(o->settings) : (BatchLoss){0};
}

Learner objective_learner(const Objective *o) {
  bool factor = o->settings->train.optimizer == RUN_ADAFACTOR;
  return (Learner){
      .model = o->on.base.model,
      .adapters = o->adapters.slot ? &o->adapters : NULL,
      .param = o->param,
      .params = o->params,
      .optimizer = factor ? adafactor_optimizer(&o->factor) : adamw_optimizer(&o->rule),
      .clip_norm = o->settings->train.clip_norm};
}

/* Hugging Face T5 directories. */
#include "infer/module/act_name.h"
#include "infer/t5/base.h"
#include "infer/t5/t5.h"
#include "tools/inspect/inspect.h"

static void add_config(Facts *f, const T5Config *c) {
  json_t *o = facts_object(f, f->root, "config");
  facts_set(f, o, "vocab_size", json_integer(c->vocab_size));
  facts_set(f, o, "d_model", json_integer(c->d_model));
  facts_set(f, o, "d_kv", json_integer(c->d_kv));
  facts_set(f, o, "d_ff", json_integer(c->d_ff));
  facts_set(f, o, "heads", json_integer(c->heads));
  facts_set(f, o, "encoder_layers", json_integer(c->encoder_layers));
  facts_set(f, o, "decoder_layers", json_integer(c->decoder_layers));
  facts_set(f, o, "position_buckets", json_integer(c->buckets));
  facts_set(f, o, "position_max_distance", json_integer(c->max_distance));
  facts_set(f, o, "activation", facts_text(act_name(c->act)));
  facts_set(f, o, "gated", json_boolean(c->gated));
  facts_set(f, o, "tied_embeddings", json_boolean(c->tied));
  facts_set(f, o, "scale_decoder_outputs", json_boolean(c->scale_decoder_outputs));
  facts_set(f, o, "norm_eps", facts_number(c->norm_eps));
  facts_set(f, o, "pad_id", json_integer(c->pad_id));
  facts_set(f, o, "eos_id", json_integer(c->eos_id));
  facts_set(f, o, "decoder_start_id", json_integer(c->decoder_start_id));
}

static void add_tensors(Inspection *in, const Weights *w) {
  Facts *f = &in->facts;
  int64_t non_finite = 0;
  json_t *rows = json_array();
  for (size_t i = 0; i < weights_count(w); i++)
    non_finite += inspect_tensor(in, rows, weights_entry(w, i));
  if (in->values) facts_set(f, f->root, "non_finite", json_integer(non_finite));
  facts_set(f, f->root, "contents", rows);
}

/* Weights can be looked at without a tokenizer; a run cannot do without. */
static Status add_tokenizer(Facts *f, const char *dir, const T5 *model, Error *err) {
  Tokenizer *tokenizer = NULL;
  Error failure = {0};
  Status status = tokenizer_open(&tokenizer, dir, &failure);
  if (status == STATUS_OK) status = base_check_vocabulary(model, tokenizer, &failure);
  if (status == STATUS_RUN) {
    tokenizer_close(tokenizer);
    return error_set(err, status, "%s", failure.text);
  }
  facts_set(f, f->root, "tokenizer",
            facts_text(status == STATUS_OK ? tokenizer_path(tokenizer) : failure.text));
  if (status == STATUS_OK) facts_set(f, f->root, "tokens", json_integer(tokenizer_size(tokenizer)));
  tokenizer_close(tokenizer);
  return STATUS_OK;
}

static Status describe_base(Inspection *in, T5 *model, Error *err) {
  Facts *f = &in->facts;
  int64_t parameters = 0;
  for (int i = 0; i < model->tensors; i++) parameters += tensor_count(model->tensor[i].tensor);
  facts_set(f, f->root, "parameters", json_integer(parameters));
  facts_set(f, f->root, "adaptable_linears", json_integer(model->modules.count));
  facts_set(f, f->root, "head",
            facts_text(model->config.encoder_alone     ? "none"
                       : model->head == &model->shared ? "the input embedding"
                                                       : "its own"));
  if (in->values) {
    char fingerprint[HASH_HEX];
    TRY(t5_fingerprint(model, fingerprint, err));
    facts_set(f, f->root, "fingerprint", facts_text(fingerprint));
  }
  add_config(f, &model->config);
  add_tensors(in, model->weights);
  return STATUS_OK;
}

Status inspect_base(Inspection *in, const char *dir, Error *err) {
  T5 *model = NULL;
  TRY(t5_open_encoder(&model, dir, err));
  Facts *f = &in->facts;
  facts_set(f, f->root, "directory", facts_text(dir));
  facts_set(f, f->root, "kind", facts_text(model->config.encoder_alone ? "T5 encoder" : "T5 base"));
  Status status = inspect_weights(in, model->weights, err);
  if (status == STATUS_OK) status = add_tokenizer(f, dir, model, err);
  if (status == STATUS_OK) status = describe_base(in, model, err);
  t5_close(model);
  return status;
}

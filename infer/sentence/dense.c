#include "infer/sentence/dense.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"

enum { CONFIG_BYTES_MAX = 1 << 20, FEATURES_MAX = 1 << 20 };

Status dense_check_names(const JsonDoc *doc, Error *err) {
  static const char *const KEYS[] = {"module_input_name", "module_output_name"};
  for (int i = 0; i < 2; i++) {
    const char *name = "sentence_embedding";
    if (json_has(doc, KEYS[i])) TRY(json_get_string(doc, KEYS[i], &name, err));
    if (strcmp(name, "sentence_embedding") == 0) continue;
    return error_set(err, STATUS_INPUT, "%s: %s: is '%.60s', want sentence_embedding", doc->file,
                     KEYS[i], name);
  }
  return STATUS_OK;
}

/* The name of a class of torch.nn; what it is called in Python is older than its place. */
static Status read_act(Dense *d, const JsonDoc *doc, Error *err) {
  static const struct {
    const char *name;
    Act act;
  } KNOWN[] = {{"Tanh", ACT_TANH}, {"ReLU", ACT_RELU},       {"GELU", ACT_GELU_ERF},
               {"SiLU", ACT_SILU}, {"Sigmoid", ACT_SIGMOID}, {"Identity", ACT_RELU}};
  static const char BEGIN[] = "torch.nn.modules.";
  const char *name = "torch.nn.modules.activation.Tanh", *key = "activation_function";
  if (json_has(doc, key)) TRY(json_get_string(doc, key, &name, err));
  const char *last = strrchr(name, '.');
  for (size_t i = 0; last && i < sizeof KNOWN / sizeof *KNOWN; i++) {
    if (strncmp(name, BEGIN, sizeof BEGIN - 1) != 0 || strcmp(last + 1, KNOWN[i].name) != 0)
      continue;
    d->act = KNOWN[i].act;
    d->identity = strcmp(KNOWN[i].name, "Identity") == 0;
    return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT,
                   "%s: %s: '%.80s' is not computed; computed are Tanh, ReLU, GELU, SiLU, Sigmoid "
                   "and Identity of torch.nn.modules",
                   doc->file, key, name);
}

static Status read_config(Dense *d, const JsonDoc *doc, int64_t shape[2], Error *err) {
  bool residual = false;
  d->linear.biased = true;
  TRY(json_get_int(doc, "out_features", 1, FEATURES_MAX, &shape[0], err));
  TRY(json_get_int(doc, "in_features", 1, FEATURES_MAX, &shape[1], err));
  if (json_has(doc, "bias")) TRY(json_get_bool(doc, "bias", &d->linear.biased, err));
  if (json_has(doc, "use_residual")) TRY(json_get_bool(doc, "use_residual", &residual, err));
  if (residual) {
    return error_set(err, STATUS_INPUT, "%s: use_residual: true is not computed", doc->file);
  }
  TRY(dense_check_names(doc, err));
  return read_act(d, doc, err);
}

static Status read_weights(Dense *d, const char *folder, const int64_t shape[2], Error *err) {
  Affine *l = &d->linear;
  TRY(weights_open(&d->weights, folder, err));
  TRY(weights_get(d->weights, "linear.weight", shape[0], shape[1], &l->weight, err));
  if (l->biased) TRY(weights_get(d->weights, "linear.bias", 1, shape[0], &l->bias, err));
  return weights_check_used(d->weights, err);
}

Status dense_open(Dense *d, const char *folder, Error *err) {
  *d = (Dense){0};
  int64_t shape[2] = {0};
  JsonDoc doc = {0};
  char *path = path_join(folder, "config.json");
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", folder);
  Status status = json_parse_file(&doc, path, CONFIG_BYTES_MAX, err);
  if (status == STATUS_OK) status = read_config(d, &doc, shape, err);
  json_free(&doc);
  free(path);
  return status == STATUS_OK ? read_weights(d, folder, shape, err) : status;
}

Tensor *dense_forward(Context *c, Dense *d, Tensor *x) {
  Tensor *y = affine_forward(c, &d->linear, x);
  return d->identity ? y : op_act(c, d->act, y);
}

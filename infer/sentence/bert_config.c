#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "infer/module/act_name.h"
#include "infer/sentence/bert.h"

enum { CONFIG_BYTES_MAX = 1 << 20 };

/* Bounds of what a file may say: products of two of them, in bytes, fit int64. */
enum { WIDTH_MAX = 1 << 20, VOCAB_MAX = 1 << 24, HEADS_MAX = 1 << 12, LAYERS_MAX = 1 << 12 };
enum { POSITIONS_MAX = 1 << 20, TYPES_MAX = 1 << 16 };

static Status unsupported(const JsonDoc *doc, const char *key, const char *value, const char *want,
                          Error *err) {
  return error_set(err, STATUS_INPUT, "%s: %s: \"%.40s\" is not computed; want %s", doc->file, key,
                   value, want);
}

/* A switch that must be off, or not be there. */
static Status require_off(const JsonDoc *doc, const char *const *key, Error *err) {
  for (; *key; key++) {
    bool on = false;
    if (json_has(doc, *key)) TRY(json_get_bool(doc, *key, &on, err));
    if (on) return unsupported(doc, *key, "true", "false", err);
  }
  return STATUS_OK;
}

/* Something that must be null, or not be there. */
static Status require_none(const JsonDoc *doc, const char *const *key, Error *err) {
  for (; *key; key++) {
    if (json_has(doc, *key)) return unsupported(doc, *key, "a value", "null", err);
  }
  return STATUS_OK;
}

static Status read_count(const JsonDoc *doc, const char *key, int64_t most, int *count,
                         Error *err) {
  int64_t value;
  TRY(json_get_int(doc, key, 1, most, &value, err));
  *count = (int)value;
  return STATUS_OK;
}

/* ---- as transformers writes it ---- */

static Status read_act(BertConfig *c, const JsonDoc *doc, Error *err) {
  const char *name = c->gated ? "silu" : "gelu";
  if (json_has(doc, "hidden_act")) TRY(json_get_string(doc, "hidden_act", &name, err));
  return act_find(name, &c->act) ? STATUS_OK
                                 : unsupported(doc, "hidden_act", name, act_names(), err);
}

static Status read_shape(BertConfig *c, const JsonDoc *doc, Error *err) {
  TRY(json_get_int(doc, "hidden_size", 1, WIDTH_MAX, &c->width, err));
  TRY(json_get_int(doc, "max_position_embeddings", 1, POSITIONS_MAX, &c->positions, err));
  TRY(read_count(doc, "num_attention_heads", HEADS_MAX, &c->heads, err));
  TRY(read_count(doc, "num_hidden_layers", LAYERS_MAX, &c->layers, err));
  if (json_has(doc, "layer_norm_eps"))
    TRY(json_get_real(doc, "layer_norm_eps", 0, 1, &c->norm_eps, err));
  return read_act(c, doc, err);
}

static Status read_bert(BertConfig *c, const JsonDoc *doc, Error *err) {
  static const char *const OFF[] = {"is_decoder", "add_cross_attention", NULL};
  const char *position = "absolute";
  if (json_has(doc, "position_embedding_type"))
    TRY(json_get_string(doc, "position_embedding_type", &position, err));
  if (strcmp(position, "absolute") != 0) {
    return unsupported(doc, "position_embedding_type", position, "\"absolute\"", err);
  }
  TRY(require_off(doc, OFF, err));
  return read_shape(c, doc, err);
}

/* ---- nomic-bert ---- */

/* "rope_parameters": {"rope_theta", "rope_type"} */
static Status read_rotary(BertConfig *c, const JsonDoc *doc, Error *err) {
  json_t *rope;
  const char *type = "default";
  if (!json_has(doc, "rope_parameters")) return STATUS_OK;
  TRY(json_get_object(doc, "rope_parameters", &rope, err));
  const JsonDoc inner = {.root = rope, .file = doc->file};
  if (json_has(&inner, "rope_type")) TRY(json_get_string(&inner, "rope_type", &type, err));
  if (strcmp(type, "default") != 0) return unsupported(doc, "rope_type", type, "\"default\"", err);
  return json_has(&inner, "rope_theta")
             ? json_get_real(&inner, "rope_theta", 1, 1e12, &c->rotary_base, err)
             : STATUS_OK;
}

/* As its own code writes it, after GPT-2. */
static Status read_nomic_shape(BertConfig *c, const JsonDoc *doc, Error *err) {
  const char *act;
  TRY(json_get_int(doc, "n_embd", 1, WIDTH_MAX, &c->width, err));
  TRY(json_get_int(doc, "n_positions", 1, POSITIONS_MAX, &c->positions, err));
  TRY(read_count(doc, "n_head", HEADS_MAX, &c->heads, err));
  TRY(read_count(doc, "n_layer", LAYERS_MAX, &c->layers, err));
  TRY(json_get_string(doc, "activation_function", &act, err));
  if (strcmp(act, "swiglu") != 0) {
    return unsupported(doc, "activation_function", act, "\"swiglu\"", err);
  }
  c->act = ACT_SILU;
  if (json_has(doc, "rotary_emb_base"))
    TRY(json_get_real(doc, "rotary_emb_base", 1, 1e12, &c->rotary_base, err));
  return json_has(doc, "layer_norm_epsilon")
             ? json_get_real(doc, "layer_norm_epsilon", 0, 1, &c->norm_eps, err)
             : STATUS_OK;
}

static Status read_nomic(BertConfig *c, const JsonDoc *doc, Error *err) {
  static const char *const OFF[] = {"prenorm",        "causal",       "rotary_emb_interleaved",
                                    "parallel_block", "use_rms_norm", NULL};
  static const char *const NONE[] = {"rotary_scaling_factor", "rotary_emb_scale_base", NULL};
  double fraction = 1;
  c->gated = c->rotary = true;
  c->rotary_base = 1000;
  TRY(require_off(doc, OFF, err));
  TRY(require_none(doc, NONE, err));
  if (json_has(doc, "rotary_emb_fraction"))
    TRY(json_get_real(doc, "rotary_emb_fraction", 1, 1, &fraction, err));
  if (json_has(doc, "n_embd")) return read_nomic_shape(c, doc, err);
  TRY(read_rotary(c, doc, err));
  return read_shape(c, doc, err);
}

/* ---- the file ---- */

static Status read_family(BertConfig *c, const JsonDoc *doc, Error *err) {
  const char *type;
  TRY(json_get_string(doc, "model_type", &type, err));
  if (json_has(doc, "quantization_config")) {
    return unsupported(doc, "quantization_config", "a value",
                       "the weights before quantisation, in F32, F16 or BF16", err);
  }
  c->family = strcmp(type, "nomic_bert") == 0 ? FAMILY_NOMIC : FAMILY_BERT;
  if (c->family == FAMILY_NOMIC || strcmp(type, "bert") == 0) return STATUS_OK;
  return unsupported(doc, "model_type", type, "\"bert\" or \"nomic_bert\"", err);
}

static Status read_document(BertConfig *c, const JsonDoc *doc, Error *err) {
  *c = (BertConfig){.norm_eps = 1e-12, .types = 2};
  TRY(read_family(c, doc, err));
  TRY(json_get_int(doc, "vocab_size", 1, VOCAB_MAX, &c->vocab_size, err));
  if (json_has(doc, "type_vocab_size"))
    TRY(json_get_int(doc, "type_vocab_size", 1, TYPES_MAX, &c->types, err));
  TRY(c->family == FAMILY_NOMIC ? read_nomic(c, doc, err) : read_bert(c, doc, err));
  if (c->width % c->heads == 0 && (!c->rotary || c->width / c->heads % 2 == 0)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: its width of %lld cannot be cut into %d heads",
                   doc->file, (long long)c->width, c->heads);
}

Status bert_config_read(BertConfig *config, const char *dir, Error *err) {
  TRY(dir_require(dir, "config.json", "a BERT as transformers saves it", err));
  char *path = path_join(dir, "config.json");
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  JsonDoc doc = {0};
  Status status = json_parse_file(&doc, path, CONFIG_BYTES_MAX, err);
  if (status == STATUS_OK) status = read_document(config, &doc, err);
  json_free(&doc);
  free(path);
  return status;
}

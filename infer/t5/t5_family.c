#include "infer/t5/t5_family.h"

#include <stdlib.h>
#include <string.h>

/* Models that are made after T5. */
static const struct {
  const char *type, *has;
} RELATIVES[] = {
    {"umt5", "a table of position biases in every block"},
    {"longt5", "local and transient-global attention"},
    {"switch_transformers", "feed-forward layers of routed experts"},
    {"pix2struct", "an encoder of image patches"},
    {"udop", "an encoder of text, layout and images"},
    {"pop2piano", "an encoder of sound"},
    {"t5gemma", "the blocks of Gemma 2"},
    {"t5gemma2", "the blocks of Gemma 3"},
    {"t5gemma_module", "the blocks of Gemma 2"},
};

static Status check_type(T5Family *f, const JsonDoc *doc, Error *err) {
  const char *type;
  TRY(json_get_string(doc, "model_type", &type, err));
  f->mt5 = strcmp(type, "mt5") == 0;
  if (f->mt5 || strcmp(type, "t5") == 0) return STATUS_OK;
  for (size_t i = 0; i < sizeof RELATIVES / sizeof *RELATIVES; i++) {
    if (strcmp(RELATIVES[i].type, type) != 0) continue;
    return error_set(
        err, STATUS_INPUT,
        "%s: model_type: is \"%s\", which has %s; only \"t5\" and \"mt5\" are computed", doc->file,
        type, RELATIVES[i].has);
  }
  return error_set(err, STATUS_INPUT, "%s: model_type: is \"%s\", want \"t5\" or \"mt5\"",
                   doc->file, type);
}

/* The first of architectures without the "M" of mT5's; "" where none is said. */
static const char *architecture(const JsonDoc *doc) {
  const json_t *list = json_object_get(doc->root, "architectures");
  const char *name = json_string_value(json_array_get(list, 0));
  if (!name) return "";
  return strncmp(name, "MT5", 3) == 0 ? name + 1 : name;
}

static Status check_architecture(T5Family *f, const JsonDoc *doc, Error *err) {
  static const char *const HEADS[] = {"T5ForSequenceClassification", "T5ForTokenClassification",
                                      "T5ForQuestionAnswering"};
  const char *name = architecture(doc);
  f->encoder = strcmp(name, "T5EncoderModel") == 0;
  for (size_t i = 0; i < sizeof HEADS / sizeof *HEADS; i++) {
    if (strcmp(name, HEADS[i]) != 0) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: architectures: is %s, whose head gives no tokens; want a "
                     "T5ForConditionalGeneration",
                     doc->file, name);
  }
  return STATUS_OK;
}

static Status check_weights(const JsonDoc *doc, Error *err) {
  if (!json_has(doc, "quantization_config")) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: quantization_config: is set; want the weights before quantisation, in F32, "
                   "F16 or BF16",
                   doc->file);
}

Status t5_family_read(T5Family *f, const JsonDoc *doc, Error *err) {
  *f = (T5Family){0};
  TRY(check_type(f, doc, err));
  TRY(check_architecture(f, doc, err));
  TRY(check_weights(doc, err));
  const char *tokenizer = json_string_value(json_object_get(doc->root, "tokenizer_class"));
  const char *version = json_string_value(json_object_get(doc->root, "transformers_version"));
  f->bytes = tokenizer && strncmp(tokenizer, "ByT5Tokenizer", strlen("ByT5Tokenizer")) == 0;
  if (version) f->version = (int)strtol(version, NULL, 10);
  return STATUS_OK;
}

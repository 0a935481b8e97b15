/* A tokenizer from a tokenizer.json of the library `tokenizers`. */
#include <inttypes.h>
#include <string.h>

#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/unigram.h"
#include "data/tokenizer/wordpiece.h"

enum { JSON_MAX = 64 << 20 };

static const TokenizerKind *const KINDS[] = {&UNIGRAM, &WORDPIECE};

static Status field_error(const char *path, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: %s", path, what);
}

/* Files of the first versions name no type: a list of pieces with scores is Unigram's, an object
 * without merges WordPiece's. */
static const char *model_type(const json_t *model) {
  const json_t *type = json_object_get(model, "type"), *vocab = json_object_get(model, "vocab");
  if (type) return json_string_value(type);
  if (json_is_array(vocab)) return UNIGRAM.name;
  return json_is_object(vocab) && !json_object_get(model, "merges") ? WORDPIECE.name : NULL;
}

static Status read_model(Tokenizer *t, const json_t *root, const char *path, Error *err) {
  const json_t *model = json_object_get(root, "model");
  if (!json_is_object(model)) return field_error(path, "model is no object", err);
  const char *name = model_type(model);
  for (size_t i = 0; name && i < sizeof KINDS / sizeof *KINDS; i++) {
    if (strcmp(name, KINDS[i]->name) != 0) continue;
    t->kind = KINDS[i];
    return t->kind->read(&t->model, &t->pieces, &t->unk, model, path, err);
  }
  return error_set(err, STATUS_INPUT,
                   "%s: model: '%.100s' is not supported; Unigram and WordPiece are", path,
                   name ? name : "a type that is not named");
}

static Status read_added(Tokenizer *t, const json_t *list, const char *path, Error *err) {
  TRY(added_open(&t->added, &t->pieces, err));
  if (list && !json_is_array(list) && !json_is_null(list)) {
    return field_error(path, "added_tokens is no list", err);
  }
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *row = json_array_get(list, i), *id = json_object_get(row, "id");
    AddedToken token;
    TRY(added_token_read(&token, row, path, err));
    if (!json_is_integer(id) || json_integer_value(id) < 0) {
      return error_set(err, STATUS_INPUT, "%s: added_tokens: '%.100s' has no id", path, token.text);
    }
    TRY(added_put(&t->added, &token, json_integer_value(id), path, err));
  }
  return STATUS_OK;
}

/* The id of the one token that a part of a template stands for. */
static Status template_token(const json_t *post, const json_t *part, int32_t *token,
                             const char *path, Error *err) {
  const char *name =
      json_string_value(json_object_get(json_object_get(part, "SpecialToken"), "id"));
  if (!name) {
    return field_error(path,
                       "post_processor: single is no text with one token behind it, or "
                       "before it, too",
                       err);
  }
  const json_t *row = json_object_get(json_object_get(post, "special_tokens"), name);
  const json_t *ids = json_object_get(row, "ids"), *id = json_array_get(ids, 0);
  if (json_array_size(ids) != 1 || !json_is_integer(id) || json_integer_value(id) < 0 ||
      json_integer_value(id) > INT32_MAX) {
    return error_set(err, STATUS_INPUT, "%s: post_processor: special_tokens: '%.100s' has no id",
                     path, name);
  }
  *token = (int32_t)json_integer_value(id);
  return STATUS_OK;
}

/* A token, the text, a token; or the text and a token. */
static Status read_template(Tokenizer *t, const json_t *post, const char *path, Error *err) {
  const json_t *single = json_object_get(post, "single");
  size_t count = json_array_size(single), text = count == 3;
  if ((count != 2 && count != 3) || !json_object_get(json_array_get(single, text), "Sequence")) {
    return template_token(post, NULL, NULL, path, err);
  }
  if (text > 0) TRY(template_token(post, json_array_get(single, 0), &t->begin, path, err));
  return template_token(post, json_array_get(single, text + 1), &t->eos, path, err);
}

/* "sep": ["[SEP]", 102] */
static Status bert_token(const json_t *post, const char *key, int32_t *token, const char *path,
                         Error *err) {
  const json_t *id = json_array_get(json_object_get(post, key), 1);
  if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > INT32_MAX) {
    return error_set(err, STATUS_INPUT, "%s: post_processor: %s is no [token, id]", path, key);
  }
  *token = (int32_t)json_integer_value(id);
  return STATUS_OK;
}

/* What is done to the ids of one text: a token is put behind them, and perhaps one before them. */
static Status read_post_processor(Tokenizer *t, const json_t *post, const char *path, Error *err) {
  if (!post || json_is_null(post)) return STATUS_OK;
  const char *type = json_string_value(json_object_get(post, "type"));
  if (type && strcmp(type, "TemplateProcessing") == 0) return read_template(t, post, path, err);
  if (type && strcmp(type, "BertProcessing") == 0) {
    TRY(bert_token(post, "cls", &t->begin, path, err));
    return bert_token(post, "sep", &t->eos, path, err);
  }
  return error_set(err, STATUS_INPUT, "%s: post_processor: '%.100s' is not supported", path,
                   type ? type : "a type that is not named");
}

/* {"type": "WordPiece", "prefix", "cleanup"}, or null, for which transformers has its own. */
static Status read_wordpiece_decoder(Tokenizer *t, const json_t *decoder, const char *path,
                                     Error *err) {
  const json_t *type = json_object_get(decoder, "type");
  const json_t *prefix = json_object_get(decoder, "prefix");
  t->tidy = !json_is_false(json_object_get(decoder, "cleanup"));
  if (type && (!json_is_string(type) || strcmp(json_string_value(type), "WordPiece") != 0)) {
    return field_error(path, "decoder: is not WordPiece, which BERT has", err);
  }
  if (!prefix || (json_is_string(prefix) && strcmp(json_string_value(prefix), "##") == 0))
    return STATUS_OK;
  return field_error(path, "decoder: prefix: is not ##, which BERT has", err);
}

static Status read_decoder(Tokenizer *t, const json_t *decoder, const char *path, Error *err) {
  const char *type = json_string_value(json_object_get(decoder, "type"));
  if (t->kind == &WORDPIECE) return read_wordpiece_decoder(t, decoder, path, err);
  if (type && strcmp(type, "Metaspace") == 0) {
    return metaspace_read(&t->decoder, decoder, path, "decoder", err);
  }
  return error_set(err, STATUS_INPUT, "%s: decoder: '%.100s' is not supported; T5 has Metaspace",
                   path, type ? type : "none");
}

/* A part under a name that is not known would be one that is not there; `tokenizers` refuses it. */
static Status check_parts(const json_t *root, const char *path, Error *err) {
  static const char *const PARTS[] = {"version",        "truncation", "padding",
                                      "added_tokens",   "normalizer", "pre_tokenizer",
                                      "post_processor", "decoder",    "model"};
  enum { COUNT = sizeof PARTS / sizeof *PARTS };
  json_t *parts = (json_t *)(uintptr_t)root, *part;
  const char *key;
  json_object_foreach(parts, key, part) {
    size_t i = 0;
    while (i < COUNT && strcmp(key, PARTS[i]) != 0) i++;
    if (i == COUNT) {
      return error_set(err, STATUS_INPUT, "%s: '%.100s' is no part of a tokenizer that is known",
                       path, key);
    }
  }
  return STATUS_OK;
}

static Status read_root(Tokenizer *t, const json_t *root, const char *path, Error *err) {
  const char *version = json_string_value(json_object_get(root, "version"));
  if (!json_is_object(root)) return field_error(path, "is no object", err);
  TRY(check_parts(root, path, err));
  if (version && strcmp(version, "1.0") != 0) {
    return error_set(err, STATUS_INPUT, "%s: version '%.100s' is not known, 1.0 is", path, version);
  }
  TRY(read_model(t, root, path, err));
  TRY(normalizer_read(&t->normalizer, json_object_get(root, "normalizer"), path, err));
  TRY(pre_tokenizer_read(&t->pre_tokenizer, json_object_get(root, "pre_tokenizer"), path, err));
  TRY(read_post_processor(t, json_object_get(root, "post_processor"), path, err));
  TRY(read_decoder(t, json_object_get(root, "decoder"), path, err));
  return read_added(t, json_object_get(root, "added_tokens"), path, err);
}

Status tokenizer_json_read(Tokenizer *t, const char *path, Error *err) {
  JsonDoc doc;
  TRY(json_parse_file(&doc, path, JSON_MAX, err));
  Status status = read_root(t, doc.root, path, err);
  json_free(&doc);
  return status;
}

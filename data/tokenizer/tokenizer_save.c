/* Writing a tokenizer beside a model, so that transformers 4 and 5 both find one they can read:
 * spiece.model is what 4 asks for, tokenizer.json what 5 reads without SentencePiece. */
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json_put.h"
#include "data/tokenizer/base64.h"
#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/unigram.h"
#include "data/tokenizer/wordpiece.h"

enum { FILE_MAX = 64 << 20 };

/* tokenizer.json, in the order of `tokenizers`. */

static json_t *token_json(const AddedToken *a) {
  return json_pack("{s:i, s:s, s:b, s:b, s:b, s:b, s:b}", "id", a->id, "content", a->text,
                   "single_word", a->single_word, "lstrip", a->lstrip, "rstrip", a->rstrip,
                   "normalized", a->normalized, "special", a->special);
}

static json_t *added_json(const Tokenizer *t) {
  json_t *list = json_array();
  for (int32_t id = 0; id < t->added.ids; id++) {
    const AddedToken *a = added_at(&t->added, id);
    if (a) json_push(&list, token_json(a));
  }
  return list;
}

/* A spiece.model has the step Precompiled or none. */
static json_t *normalizer_json(const Normalizer *n) {
  if (n->count == 0) return json_null();
  char *text = base64_encode(n->step[0].charsmap.data, n->step[0].charsmap.size);
  json_t *json =
      text ? json_pack("{s:s, s:s}", "type", "Precompiled", "precompiled_charsmap", text) : NULL;
  free(text);
  return json;
}

static json_t *metaspace_json(const Metaspace *m) {
  return json_pack("{s:s, s:s, s:s, s:b}", "type", "Metaspace", "replacement", m->replacement,
                   "prepend_scheme", "always", "split", m->split);
}

static json_t *template_json(const Tokenizer *t) {
  const char *end = tokenizer_piece(t, t->eos);
  return json_pack(
      "{s:s, s:[{s:{s:s,s:i}},{s:{s:s,s:i}}], s:[{s:{s:s,s:i}},{s:{s:s,s:i}},{s:{s:s,s:i}},"
      "{s:{s:s,s:i}}], s:{s:{s:s,s:[i],s:[s]}}}",
      "type", "TemplateProcessing", "single", "Sequence", "id", "A", "type_id", 0, "SpecialToken",
      "id", end, "type_id", 0, "pair", "Sequence", "id", "A", "type_id", 0, "SpecialToken", "id",
      end, "type_id", 0, "Sequence", "id", "B", "type_id", 0, "SpecialToken", "id", end, "type_id",
      0, "special_tokens", end, "id", end, "ids", t->eos, "tokens", end);
}

static json_t *model_json(const Tokenizer *t) {
  json_t *vocab = json_array(), *model = json_object();
  for (int32_t i = 0; i < t->pieces.count; i++) {
    json_push(&vocab, json_pack("[s, f]", t->pieces.piece[i].text, unigram_score(t->model, i)));
  }
  json_put(&model, "type", json_string(t->kind->name));
  json_put(&model, "unk_id", json_integer(t->unk));
  json_put(&model, "vocab", vocab);
  json_put(&model, "byte_fallback", json_false());
  return model;
}

static json_t *tokenizer_json(const Tokenizer *t) {
  json_t *root = json_object(), *steps = json_array(), *words = json_object();
  json_push(&steps, json_pack("{s:s}", "type", "WhitespaceSplit"));
  json_push(&steps, metaspace_json(&t->decoder));
  json_put(&words, "type", json_string("Sequence"));
  json_put(&words, "pretokenizers", steps);
  json_put(&root, "version", json_string("1.0"));
  json_put(&root, "truncation", json_null());
  json_put(&root, "padding", json_null());
  json_put(&root, "added_tokens", added_json(t));
  json_put(&root, "normalizer", normalizer_json(&t->normalizer));
  json_put(&root, "pre_tokenizer", words);
  json_put(&root, "post_processor", template_json(t));
  json_put(&root, "decoder", metaspace_json(&t->decoder));
  json_put(&root, "model", model_json(t));
  return root;
}

static Status write_json(const Tokenizer *t, const char *path, Error *err) {
  json_t *root = tokenizer_json(t);
  char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  json_decref(root);
  if (!text) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = file_write(path, text, strlen(text), err);
  free(text);
  return status;
}

/* Copies. */

static Status copy_file(const char *from, const char *to, Error *err) {
  char *bytes;
  size_t size;
  if (strcmp(from, to) == 0) return STATUS_OK;
  TRY(file_read(from, FILE_MAX, &bytes, &size, err));
  Status status = file_write(to, bytes, size, err);
  free(bytes);
  return status;
}

/* Copies `from_dir`/name, where it is there, to `dir`. */
static Status copy_beside(const char *from_dir, const char *dir, const char *name, Error *err) {
  char *from = path_join(from_dir, name), *to = path_join(dir, name);
  Status status = STATUS_OK;
  if (!from || !to) {
    status = error_set(err, STATUS_RUN, "%s: out of memory", dir);
  } else if (file_exists(from)) {
    status = copy_file(from, to, err);
  }
  free(from);
  free(to);
  return status;
}

static Status save_vocabulary(const Tokenizer *t, const char *from, const char *dir, Error *err) {
  if (!t->from_json && t->kind == &WORDPIECE)
    return copy_beside(from, dir, path_last(t->path), err);
  char *json = path_join(dir, "tokenizer.json"), *spiece = path_join(dir, "spiece.model");
  Status status = STATUS_OK;
  if (!json || !spiece) {
    status = error_set(err, STATUS_RUN, "%s: out of memory", dir);
  } else if (t->from_json) {
    status = copy_file(t->path, json, err);
    if (status == STATUS_OK) status = copy_beside(from, dir, "spiece.model", err);
  } else {
    status = copy_file(t->path, spiece, err);
    if (status == STATUS_OK) status = write_json(t, json, err);
  }
  free(json);
  free(spiece);
  return status;
}

Status tokenizer_save(const Tokenizer *t, const char *dir, Error *err) {
  static const char *const BESIDE[] = {"tokenizer_config.json", "special_tokens_map.json",
                                       "added_tokens.json"};
  char *from = path_parent(t->path);
  if (!from) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  Status status = save_vocabulary(t, from, dir, err);
  for (size_t i = 0; i < sizeof BESIDE / sizeof *BESIDE && status == STATUS_OK; i++)
    status = copy_beside(from, dir, BESIDE[i], err);
  free(from);
  return status;
}

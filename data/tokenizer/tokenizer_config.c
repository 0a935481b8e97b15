/* What the files beside a vocabulary say of its tokens: tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json.
 *
 * Where they speak of the same token, added_tokens_decoder of tokenizer_config.json is believed,
 * then added_tokens.json; the ids must be the same everywhere. A token that is named alone, as
 * eos_token and in additional_special_tokens, becomes a special one if it is not there yet. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/tokenizer/tokenizer_internal.h"

enum { CONFIG_MAX = 64 << 20, SENTINELS = 100, SENTINELS_MAX = 1000000 };

/* Opening. */

static Status open_doc(JsonDoc *doc, char **path, const char *dir, const char *name, Error *err) {
  *path = path_join(dir, name);
  if (!*path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  if (!file_exists(*path)) return STATUS_OK;
  TRY(json_parse_file(doc, *path, CONFIG_MAX, err));
  if (json_is_object(doc->root)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: is no object", *path);
}

Status tokenizer_config_open(TokenizerConfig *c, const char *dir, Error *err) {
  *c = (TokenizerConfig){0};
  Status status = open_doc(&c->config, &c->config_path, dir, "tokenizer_config.json", err);
  if (status == STATUS_OK)
    status = open_doc(&c->special, &c->special_path, dir, "special_tokens_map.json", err);
  if (status == STATUS_OK)
    status = open_doc(&c->added, &c->added_path, dir, "added_tokens.json", err);
  if (status != STATUS_OK) tokenizer_config_close(c);
  return status;
}

void tokenizer_config_close(TokenizerConfig *c) {
  json_free(&c->config);
  json_free(&c->special);
  json_free(&c->added);
  free(c->config_path);
  free(c->special_path);
  free(c->added_path);
  *c = (TokenizerConfig){0};
}

Status tokenizer_config_sentinels(const TokenizerConfig *c, int32_t *sentinels, Error *err) {
  int64_t n = SENTINELS;
  if (json_has(&c->config, "extra_ids")) {
    TRY(json_get_int(&c->config, "extra_ids", 0, SENTINELS_MAX, &n, err));
  }
  *sentinels = (int32_t)n;
  return STATUS_OK;
}

/* One token. */

static Status read_flag(AddedToken *token, const char *key, const json_t *value, const char *path,
                        Error *err) {
  static const char *const IGNORED[] = {"id", "content", "__type"};
  const struct {
    const char *key;
    bool *flag;
  } flags[] = {{"special", &token->special},
               {"normalized", &token->normalized},
               {"lstrip", &token->lstrip},
               {"rstrip", &token->rstrip},
               {"single_word", &token->single_word}};
  for (size_t i = 0; i < sizeof IGNORED / sizeof *IGNORED; i++) {
    if (strcmp(key, IGNORED[i]) == 0) return STATUS_OK;
  }
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    if (strcmp(key, flags[i].key) != 0) continue;
    *flags[i].flag = json_is_true(value);
    if (json_is_boolean(value)) return STATUS_OK;
    return error_set(err, STATUS_INPUT, "%s: the added token '%.100s': %s is no boolean", path,
                     token->text, key);
  }
  return error_set(err, STATUS_INPUT, "%s: the added token '%.100s': '%.100s' is not understood",
                   path, token->text, key);
}

Status added_token_read(AddedToken *token, const json_t *json, const char *path, Error *err) {
  const char *key, *text = json_string_value(json_object_get(json, "content"));
  json_t *value;
  if (!text) return error_set(err, STATUS_INPUT, "%s: an added token has no content", path);
  *token = (AddedToken){.text = text,
                        .special = json_is_true(json_object_get(json, "special")),
                        .normalized = !json_is_true(json_object_get(json, "special"))};
  json_object_foreach((json_t *)(uintptr_t)json, key, value) {
    TRY(read_flag(token, key, value, path, err));
  }
  return STATUS_OK;
}

/* Tokens with ids, in the order of these. */

typedef struct Listed {
  AddedToken token;
  int64_t id;
} Listed;

static int compare_listed(const void *a, const void *b) {
  const Listed *x = a, *y = b;
  return (x->id > y->id) - (x->id < y->id);
}

static Status put_listed(Tokenizer *t, Listed *list, size_t count, const char *path, Error *err) {
  qsort(list, count, sizeof *list, compare_listed);
  for (size_t i = 0; i < count; i++)
    TRY(added_put(&t->added, &list[i].token, list[i].id, path, err));
  return STATUS_OK;
}

/* "added_tokens_decoder": {"32100": {"content", ...}, ...} */
static Status list_decoder(Listed *list, json_t *decoder, const char *path, Error *err) {
  const char *key;
  json_t *value;
  json_object_foreach(decoder, key, value) {
    char *end;
    bool number = key[0] >= '0' && key[0] <= '9' && strlen(key) < 12;
    list->id = number ? strtoll(key, &end, 10) : -1;
    if (!number || *end) {
      return error_set(err, STATUS_INPUT, "%s: added_tokens_decoder: '%.100s' is no id", path, key);
    }
    TRY(added_token_read(&(list++)->token, value, path, err));
  }
  return STATUS_OK;
}

/* A text, or an object with one; NULL for what is neither. */
static const char *token_name(const json_t *json) {
  return json_is_string(json) ? json_string_value(json)
                              : json_string_value(json_object_get(json, "content"));
}

static bool ends_in(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

static const char *const LISTS[] = {"additional_special_tokens", "extra_special_tokens"};

static bool is_name(const json_t *json, const char *text) {
  const char *name = token_name(json);
  return name && strcmp(name, text) == 0;
}

/* Whether a file names a token as a special one. */
static bool names_token(json_t *root, const char *text) {
  const char *key;
  json_t *value;
  json_object_foreach(root, key, value) {
    if (ends_in(key, "_token") && is_name(value, text)) return true;
  }
  for (size_t i = 0; i < 2; i++) {
    json_t *list = json_object_get(root, LISTS[i]);
    for (size_t k = 0; k < json_array_size(list); k++) {
      if (is_name(json_array_get(list, k), text)) return true;
    }
  }
  return false;
}

/* "added_tokens.json": {"token": id, ...}. What nothing else says of a token follows from whether
 * it is named as a special one. */
static Status list_plain(const TokenizerConfig *c, const Tokenizer *t, Listed *list, Error *err) {
  const char *text;
  json_t *value;
  bool decoder = json_has(&c->config, "added_tokens_decoder");
  json_object_foreach(c->added.root, text, value) {
    const AddedToken *there = added_at(&t->added, added_find(&t->added, text, strlen(text)));
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
      return error_set(err, STATUS_INPUT, "%s: the id of '%.100s' is no id", c->added_path, text);
    }
    if (!there && decoder) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: '%.100s' is not in added_tokens_decoder of %s; which is right?",
                       c->added_path, text, c->config_path);
    }
    bool special = names_token(c->config.root, text) || names_token(c->special.root, text);
    *list = (Listed){{.normalized = !special, .special = special}, json_integer_value(value)};
    if (there) list->token = *there;
    list++->token.text = text;
  }
  return STATUS_OK;
}

/* Puts the tokens of added_tokens_decoder, or of added_tokens.json. */
static Status put_object(const TokenizerConfig *c, Tokenizer *t, json_t *object, bool decoder,
                         Error *err) {
  const char *path = decoder ? c->config_path : c->added_path;
  size_t count = json_object_size(object);
  Listed *list = calloc(count + 1, sizeof *list);
  if (!list) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = decoder ? list_decoder(list, object, path, err) : list_plain(c, t, list, err);
  if (status == STATUS_OK) status = put_listed(t, list, count, path, err);
  free(list);
  return status;
}

/* Tokens that are named. */

static Status put_named(Tokenizer *t, const json_t *json, const char *path, const char *key,
                        Error *err) {
  AddedToken token = {.text = token_name(json)};
  if (!token.text) {
    return error_set(err, STATUS_INPUT, "%s: %s: is neither a text nor a token", path, key);
  }
  if (json_is_object(json)) TRY(added_token_read(&token, json, path, err));
  const AddedToken *there =
      added_at(&t->added, added_find(&t->added, token.text, strlen(token.text)));
  if (there) {
    const char *text = token.text;
    token = *there;
    token.text = text;
  } else if (json_is_object(json) && !json_object_get(json, "normalized")) {
    token.normalized = false;
  }
  token.special = true;
  return added_put(&t->added, &token, -1, path, err);
}

static Status put_list(Tokenizer *t, json_t *list, const char *path, const char *key, Error *err) {
  const char *name;
  json_t *value;
  for (size_t i = 0; i < json_array_size(list); i++)
    TRY(put_named(t, json_array_get(list, i), path, key, err));
  json_object_foreach(list, name, value) {
    TRY(put_named(t, value, path, name, err));
  }
  return STATUS_OK;
}

/* What one file names, in the order of transformers: those of its fixed list, others, lists. */
static Status put_names(Tokenizer *t, const JsonDoc *doc, const char *path, Error *err) {
  static const char *const FIXED[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                      "pad_token", "cls_token", "mask_token"};
  const char *key;
  json_t *value;
  for (size_t i = 0; i < sizeof FIXED / sizeof *FIXED; i++) {
    if (!json_has(doc, FIXED[i])) continue;
    TRY(put_named(t, json_object_get(doc->root, FIXED[i]), path, FIXED[i], err));
  }
  json_object_foreach(doc->root, key, value) {
    if (ends_in(key, "_token") && token_name(value)) TRY(put_named(t, value, path, key, err));
  }
  for (size_t i = 0; i < 2; i++)
    TRY(put_list(t, json_object_get(doc->root, LISTS[i]), path, LISTS[i], err));
  return STATUS_OK;
}

/* The ids that the model needs. */

Status tokenizer_config_name(const TokenizerConfig *c, SpecialName special, const char **text,
                             Error *err) {
  const char *key = special.key;
  *text = special.text;
  const char *a = key ? token_name(json_object_get(c->config.root, key)) : NULL;
  const char *b = key ? token_name(json_object_get(c->special.root, key)) : NULL;
  if (a && b && strcmp(a, b) != 0) {
    return error_set(err, STATUS_MISMATCH, "%s: %s is '%.100s', and '%.100s' in %s", c->config_path,
                     key, a, b, c->special_path);
  }
  if (a || b) *text = a ? a : b;
  return STATUS_OK;
}

static Status find_special(const TokenizerConfig *c, Tokenizer *t, SpecialName special,
                           const char *what, int32_t *id, Error *err) {
  const char *name;
  int32_t said = *id;
  TRY(tokenizer_config_name(c, special, &name, err));
  *id = added_find(&t->added, name, strlen(name));
  if (*id < 0) {
    return error_set(err, STATUS_INPUT, "%s: has no %s (%.100s) piece, which %s needs", t->path,
                     what, name, t->kind->of);
  }
  if (said >= 0 && said != *id) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: its %s token is %" PRId32 ", but '%.100s' is %" PRId32, t->path, what,
                     said, name, *id);
  }
  AddedToken token = {.text = name, .special = true};
  return added_at(&t->added, *id) ? STATUS_OK : added_put(&t->added, &token, *id, t->path, err);
}

static Status put_mask(const TokenizerConfig *c, Tokenizer *t, Error *err) {
  AddedToken token = {.special = true};
  TRY(tokenizer_config_name(c, t->kind->mask, &token.text, err));
  int32_t id = token.text ? added_find(&t->added, token.text, strlen(token.text)) : -1;
  if (id < 0 || added_at(&t->added, id)) return STATUS_OK;
  return added_put(&t->added, &token, id, t->path, err);
}

static Status find_specials(const TokenizerConfig *c, Tokenizer *t, Error *err) {
  const TokenizerKind *k = t->kind;
  if (k->begin.key) TRY(find_special(c, t, k->begin, "begin", &t->begin, err));
  TRY(find_special(c, t, k->end, "end", &t->eos, err));
  TRY(find_special(c, t, k->padding, "padding", &t->pad, err));
  TRY(put_mask(c, t, err));
  const int32_t special[] = {t->unk, t->eos, t->pad, t->begin};
  static const char *const name[] = {"unknown", "end", "padding", "begin"};
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < i; j++) {
      if (special[i] != special[j]) continue;
      return error_set(err, STATUS_INPUT, "%s: the %s and %s pieces are the same", t->path, name[j],
                       name[i]);
    }
  }
  if (added_at(&t->added, t->unk)) return STATUS_OK;
  AddedToken token = {.text = t->pieces.piece[t->unk].text, .special = true};
  return added_put(&t->added, &token, t->unk, t->path, err);
}

static Status read_switches(const TokenizerConfig *c, Tokenizer *t, Error *err) {
  bool split = false;
  if (json_has(&c->config, "clean_up_tokenization_spaces"))
    TRY(json_get_bool(&c->config, "clean_up_tokenization_spaces", &t->clean_up, err));
  if (json_has(&c->config, "split_special_tokens"))
    TRY(json_get_bool(&c->config, "split_special_tokens", &split, err));
  if (!split) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: split_special_tokens: true is not supported",
                   c->config_path);
}

Status tokenizer_config_apply(const TokenizerConfig *c, Tokenizer *t, Error *err) {
  json_t *decoder = json_object_get(c->config.root, "added_tokens_decoder");
  if (decoder && !json_is_object(decoder) && !json_is_null(decoder)) {
    return error_set(err, STATUS_INPUT, "%s: added_tokens_decoder is no object", c->config_path);
  }
  TRY(read_switches(c, t, err));
  TRY(put_object(c, t, decoder, true, err));
  TRY(put_object(c, t, c->added.root, false, err));
  if (c->config.root) TRY(put_names(t, &c->config, c->config_path, err));
  if (c->special.root) TRY(put_names(t, &c->special, c->special_path, err));
  return find_specials(c, t, err);
}

#include "data/examples/example_line.h"

#include <inttypes.h>
#include <stdlib.h>

#include "data/text/json_put.h"
#include "data/text/json_scan.h"

enum { INPUT, TARGET, TEXT, TEXTS };

/* Finds the texts of a plain line; false where jansson is to read it. Either TEXT stands alone, or
 * the other two are there. */
static bool scan_line(JsonlLine line, const ExampleKeys *keys, JsonText found[TEXTS]) {
  const char *const key[TEXTS] = {keys->input, keys->target, keys->text};
  if (keys->use != CHOICES_UNREAD) return false;
  if (!json_scan_texts(line.text, line.size, key, TEXTS, found)) return false;
  if (found[INPUT].text) found[TEXT] = (JsonText){0};
  if (found[TEXT].text) found[TARGET] = (JsonText){0};
  return found[TEXT].text || (found[INPUT].text && found[TARGET].text);
}

/* The strings belong to an array, the root of the document. */
static Status keep_texts(const JsonText found[TEXTS], ExampleText *out, Error *err) {
  const char **text[TEXTS] = {&out->input, &out->target, &out->text};
  out->doc.root = json_array();
  for (int k = 0; k < TEXTS; k++) {
    if (!found[k].text) continue;
    json_t *string = json_scan_string(&found[k]);
    json_push(&out->doc.root, string);
    if (!out->doc.root) return error_set(err, STATUS_RUN, "%s: out of memory", out->doc.file);
    *text[k] = json_string_value(string);
  }
  return STATUS_OK;
}

static Status refuse_choices(const JsonDoc *doc, const char *key, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": %s: %s", doc->file, doc->line, key,
                   what);
}

/* What says which choice is right. */
typedef struct Choosing {
  const ExampleKeys *keys;
  const ChoiceTokens *tokens;
  const char **choice; /* [choices] borrowed from the document */
  int choices;
} Choosing;

/* The choice that the target is; -1: none. */
static Status find_target(const Choosing *c, ExampleText *out, int *match, Error *err) {
  TRY(json_get_string(&out->doc, c->keys->target, &out->target, err));
  return choice_find(c->tokens, c->choice, c->choices, out->target, match, err);
}

static Status read_label(const Choosing *c, ExampleText *out, Error *err) {
  const JsonDoc *doc = &out->doc;
  int match, same;
  TRY(json_get_int(doc, c->keys->label, 0, c->choices - 1, &out->right, err));
  if (!json_is_string(json_object_get(doc->root, c->keys->target))) return STATUS_OK;
  TRY(find_target(c, out, &match, err));
  TRY(choice_find(c->tokens, c->choice + out->right, 1, out->target, &same, err));
  if (match < 0 || same == 0) return STATUS_OK;
  return refuse_choices(doc, c->keys->label, "says one choice, and the target says another", err);
}

static Status find_right(const Choosing *c, ExampleText *out, Error *err) {
  int match;
  if (json_has(&out->doc, c->keys->label)) return read_label(c, out, err);
  TRY(find_target(c, out, &match, err));
  out->right = match;
  return match >= 0 ? STATUS_OK
                    : refuse_choices(&out->doc, c->keys->target, "is none of the choices", err);
}

/* No choice beside the right one is the same. */
static Status check_wrong(const Choosing *c, const ExampleText *out, Error *err) {
  int before, behind;
  const char *right = c->choice[out->right];
  const int after = (int)out->right + 1;
  TRY(choice_find(c->tokens, c->choice, after - 1, right, &before, err));
  TRY(choice_find(c->tokens, c->choice + after, c->choices - after, right, &behind, err));
  if (before < 0 && behind < 0) return STATUS_OK;
  return refuse_choices(&out->doc, c->keys->choices, "another choice is the same as the right one",
                        err);
}

static Status choose(Choosing *c, ExampleText *out, Error *err) {
  for (int i = 0; i < c->choices; i++) {
    c->choice[i] = json_string_value(json_array_get(out->choices, (size_t)i));
    if (!c->choice[i])
      return refuse_choices(&out->doc, c->keys->choices, "want a list of strings", err);
  }
  TRY(find_right(c, out, err));
  return c->keys->use == CHOICES_ALL ? check_wrong(c, out, err) : STATUS_OK;
}

static Status get_choices(const ExampleKeys *keys, const ChoiceTokens *tokens, ExampleText *out,
                          Error *err) {
  size_t n = json_array_size(out->choices);
  Choosing c = {keys, tokens, calloc(n + 1, sizeof *c.choice), (int)n};
  Status status =
      c.choice ? choose(&c, out, err) : error_set(err, STATUS_RUN, "out of memory: the choices");
  free(c.choice);
  return status;
}

/* The target, or the choices. */
static Status get_target(const ExampleKeys *keys, const ChoiceTokens *tokens, ExampleText *out,
                         Error *err) {
  const JsonDoc *doc = &out->doc;
  json_t *list = NULL;
  if (keys->use != CHOICES_UNREAD && json_has(doc, keys->choices))
    TRY(json_get_array(doc, keys->choices, &list, err));
  out->choices = json_array_size(list) > 0 ? list : NULL;
  if (out->choices) return get_choices(keys, tokens, out, err);
  if (keys->use == CHOICES_ALL) {
    return refuse_choices(doc, keys->choices,
                          list ? "is an empty list" : "is missing, and the loss asks for choices",
                          err);
  }
  return json_get_string(doc, keys->target, &out->target, err);
}

static Status get_texts(const ExampleKeys *keys, const ChoiceTokens *tokens, ExampleText *out,
                        Error *err) {
  const JsonDoc *doc = &out->doc;
  bool raw = keys->text && json_has(doc, keys->text) && !json_has(doc, keys->input);
  if (raw) return json_get_string(doc, keys->text, &out->text, err);
  TRY(json_get_string(doc, keys->input, &out->input, err));
  return get_target(keys, tokens, out, err);
}

static Status parse_line(JsonlLine line, const ExampleKeys *keys, const ChoiceTokens *tokens,
                         ExampleText *out, Error *err) {
  TRY(json_parse(&out->doc, line.text, line.size, err));
  Status status = get_texts(keys, tokens, out, err);
  if (status != STATUS_OK) json_free(&out->doc);
  return status;
}

Status example_line_read(const Jsonl *lines, const ExampleKeys *keys, const ChoiceTokens *tokens,
                         int64_t i, ExampleText *out, Error *err) {
  JsonlLine line = jsonl_line(lines, i);
  JsonText found[TEXTS];
  *out = (ExampleText){
      .doc = {
          .file = jsonl_path(lines), .line = line.number, .byte = line.byte, .keys = KEYS_RULE}};
  return scan_line(line, keys, found) ? keep_texts(found, out, err)
                                      : parse_line(line, keys, tokens, out, err);
}

const char *example_line_target(const ExampleText *text) {
  if (!text->choices) return text->target;
  return json_string_value(json_array_get(text->choices, (size_t)text->right));
}

Status example_line_check(const Jsonl *lines, const ExampleKeys *keys, const ChoiceTokens *tokens,
                          int64_t i, Error *err) {
  JsonText found[TEXTS];
  if (scan_line(jsonl_line(lines, i), keys, found)) return STATUS_OK;
  ExampleText text;
  TRY(example_line_read(lines, keys, tokens, i, &text, err));
  json_free(&text.doc);
  return STATUS_OK;
}

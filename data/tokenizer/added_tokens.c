#include "data/tokenizer/added_tokens.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/tokenizer/unicode.h"

enum { BEHIND_MAX = 1 << 15 }; /* tokens that are no pieces: they are compared one by one */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "tokenizer: out of memory");
}

Status added_open(AddedTokens *a, const Pieces *pieces, Error *err) {
  *a = (AddedTokens){.pieces = pieces};
  for (int32_t i = 0; i < pieces->count; i++) {
    int32_t *grown = array_grow(a->at_id, (size_t)i, 1, sizeof *grown);
    if (!grown) return no_memory(err);
    a->at_id = grown;
    a->at_id[i] = -1;
    a->ids++;
  }
  return STATUS_OK;
}

static void close_set(AddedSet *s) {
  pieces_free(&s->texts);
  free(s->token);
}

void added_close(AddedTokens *a) {
  for (size_t i = 0; i < a->count; i++) {
    free((char *)(uintptr_t)a->token[i].text);
    free(a->token[i].shown);
  }
  free(a->token);
  free(a->at_id);
  close_set(&a->raw);
  close_set(&a->normalized);
  *a = (AddedTokens){0};
}

int32_t added_find(const AddedTokens *a, const char *text, size_t size) {
  int32_t id = pieces_find(a->pieces, text, size);
  for (int32_t i = a->pieces->count; id < 0 && i < a->ids; i++) {
    const char *other = a->token[a->at_id[i]].text;
    if (strlen(other) == size && memcmp(other, text, size) == 0) id = i;
  }
  return id;
}

const AddedToken *added_at(const AddedTokens *a, int64_t id) {
  return id >= 0 && id < a->ids && a->at_id[id] >= 0 ? &a->token[a->at_id[id]] : NULL;
}

/* A place for a token of this id, which may be the next one. */
static Status add_token(AddedTokens *a, const char *text, int32_t id, Error *err) {
  if (id == a->ids) {
    int32_t *ids = array_grow(a->at_id, (size_t)a->ids, 1, sizeof *ids);
    if (!ids) return no_memory(err);
    a->at_id = ids;
    a->at_id[a->ids++] = -1;
  }
  AddedToken *grown = array_grow(a->token, a->count, 1, sizeof *grown);
  char *copy = strdup(text);
  if (grown) a->token = grown;
  if (!grown || !copy) {
    free(copy);
    if (a->at_id[id] < 0 && id >= a->pieces->count) a->ids--; /* an id without a token */
    return no_memory(err);
  }
  a->token[a->count] = (AddedToken){.text = copy, .id = id};
  a->at_id[id] = (int32_t)a->count++;
  return STATUS_OK;
}

Status added_put(AddedTokens *a, const AddedToken *token, int64_t id, const char *path,
                 Error *err) {
  size_t size = strlen(token->text);
  if (size == 0) return error_set(err, STATUS_INPUT, "%s: an added token is empty", path);
  int32_t known = added_find(a, token->text, size), own = known < 0 ? a->ids : known;
  if (id >= 0 && id != own) {
    return error_set(err, STATUS_INPUT,
                     "%s: the added token '%.100s' has id %" PRId64 ", but %s is %" PRId32, path,
                     token->text, id, known < 0 ? "the next free one" : "that of its piece", own);
  }
  if (own - a->pieces->count >= BEHIND_MAX) {
    return error_set(err, STATUS_INPUT, "%s: there are more than %d added tokens", path,
                     BEHIND_MAX);
  }
  if (!added_at(a, own)) TRY(add_token(a, token->text, own, err));
  AddedToken *to = &a->token[a->at_id[own]];
  bool special = to->special || token->special;
  *to = (AddedToken){to->text,           own,           special,
                     token->normalized,  token->lstrip, token->rstrip,
                     token->single_word, NULL};
  return STATUS_OK;
}

/* What a token is found as. */
static Status show_token(AddedToken *t, const Normalizer *n, const char *path, Error *err) {
  TokenText text = {0};
  if (t->normalized) {
    size_t first = utf8_size(t->text);
    TRY(normalizer_apply(n, (TextPart){t->text, strlen(t->text), first}, &text, err));
  }
  if (t->normalized && text.size == 0) {
    return error_set(err, STATUS_INPUT, "%s: of the added token '%.100s' the normaliser leaves %s",
                     path, t->text, "nothing");
  }
  t->shown = t->normalized ? strndup(text.text, text.size) : strdup(t->text);
  text_free(&text);
  return t->shown ? STATUS_OK : no_memory(err);
}

static Status add_to_set(AddedSet *s, const AddedToken *t, int32_t place, const char *path,
                         Error *err) {
  int32_t *grown = array_grow(s->token, (size_t)s->texts.count, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  s->token = grown;
  s->token[s->texts.count] = place;
  return pieces_add(&s->texts, t->shown, strlen(t->shown), path, err);
}

Status added_index(AddedTokens *a, const Normalizer *n, const char *path, Error *err) {
  for (size_t i = 0; i < a->count; i++) {
    AddedToken *t = &a->token[i];
    TRY(show_token(t, n, path, err));
    TRY(add_to_set(t->normalized ? &a->normalized : &a->raw, t, (int32_t)i, path, err));
  }
  char where[512];
  snprintf(where, sizeof where, "%.400s: added tokens, as they are found", path);
  TRY(pieces_index(&a->raw.texts, where, err));
  return pieces_index(&a->normalized.texts, where, err);
}

/* Searching. */

/* The place in the set of the longest text that begins at `at`, and its end; -1: none does. */
static int32_t match_at(const AddedSet *s, TextPart part, size_t at, size_t *end) {
  int32_t found = -1;
  uint32_t node = 0;
  while (at < part.size) {
    node = pieces_step(&s->texts, node, (unsigned char)part.text[at++]);
    if (!node) break;
    if (s->texts.node[node].id < 0) continue;
    found = s->texts.node[node].id;
    *end = at;
  }
  return found;
}

/* Whether no letter, digit or the like stands beside [from, to). */
static bool stands_alone(TextPart part, size_t from, size_t to) {
  size_t size;
  const char *before = from > 0 ? utf8_back(part.text + from) : NULL;
  if (before && unicode_is(UNICODE_WORD, utf8_read(before, &size))) return false;
  return to == part.size || !unicode_is(UNICODE_WORD, utf8_read(part.text + to, &size));
}

static size_t space_before(TextPart part, size_t at) {
  size_t size;
  while (at > 0) {
    const char *last = utf8_back(part.text + at);
    if (!unicode_is_space(utf8_read(last, &size))) break;
    at = (size_t)(last - part.text);
  }
  return at;
}

static size_t space_behind(TextPart part, size_t at) {
  for (size_t size; at < part.size; at += size) {
    if (!unicode_is_space(utf8_read(part.text + at, &size))) break;
  }
  return at;
}

Status added_split(const AddedTokens *a, const AddedSet *set, TextPart part, const AddedSink *sink,
                   Error *err) {
  size_t done = 0; /* end of the last token with its white space */
  for (size_t at = 0, end = 0; set->texts.count > 0 && at < part.size; at = end) {
    int32_t found = match_at(set, part, at, &end);
    if (found < 0) {
      end = at + utf8_size(part.text + at);
      continue;
    }
    const AddedToken *t = &a->token[set->token[found]];
    if (t->single_word && !stands_alone(part, at, end)) continue;
    size_t from = t->lstrip ? space_before(part, at) : at;
    if (t->lstrip && from < done) from = done;
    if (done < from) TRY(sink->rest(sink->arg, text_part(part, done, from), err));
    TRY(sink->token(sink->arg, t->id, err));
    done = t->rstrip ? space_behind(part, end) : end;
  }
  return done < part.size ? sink->rest(sink->arg, text_part(part, done, part.size), err)
                          : STATUS_OK;
}

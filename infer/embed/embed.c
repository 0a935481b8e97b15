#include "infer/embed/embed.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "infer/embed/embed_method.h"

struct Embedder {
  const EmbedderMethod *method;
  void *self;
  char name[EMBEDDER_NAME];
  int64_t dim;
};

static const EmbedderMethod *const METHOD[] = {
    [EMBEDDER_LEXICAL] = &embed_lexical,         [EMBEDDER_ENCODER] = &embed_encoder,
    [EMBEDDER_PRECOMPUTED] = &embed_precomputed, [EMBEDDER_ENDPOINT] = &embed_endpoint,
    [EMBEDDER_SENTENCE] = &embed_sentence,
};

static const char *const NAME[] = {
    [EMBEDDER_LEXICAL] = "lexical",         [EMBEDDER_ENCODER] = "encoder",
    [EMBEDDER_PRECOMPUTED] = "precomputed", [EMBEDDER_ENDPOINT] = "endpoint",
    [EMBEDDER_SENTENCE] = "sentence",
};

const char *embedder_kind_name(EmbedderKind kind) {
  return NAME[kind];
}

Status embedder_named(const char *word, const char *place, EmbedderKind *kind, const char **dir,
                      Error *err) {
  *dir = NULL;
  for (*kind = EMBEDDER_LEXICAL; *kind < EMBEDDER_SENTENCE; ++*kind)
    if (strcmp(word, NAME[*kind]) == 0) return STATUS_OK;
  *dir = word;
  if (dir_exists(word)) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "%s: '%s' is no directory of an encoder of sentences, and none of lexical, encoder, "
      "precomputed and endpoint",
      place, word);
}

Status embedder_open(Embedder **out, const EmbedderSpec *spec, Error *err) {
  *out = NULL;
  Embedder *e = calloc(1, sizeof *e);
  if (!e) return error_set(err, STATUS_RUN, "out of memory: the embedder");
  e->method = METHOD[spec->kind];
  Status status = e->method->open(spec, &e->self, e->name, &e->dim, err);
  if (status == STATUS_OK) {
    *out = e;
  } else {
    free(e);
  }
  return status;
}

void embedder_close(Embedder *e) {
  if (!e) return;
  e->method->close(e->self);
  free(e);
}

const char *embedder_name(const Embedder *e) {
  return e->name;
}

int64_t embedder_dim(const Embedder *e) {
  return e->dim;
}

bool embedder_by_key(const Embedder *e) {
  return e->method == &embed_precomputed;
}

int embedder_batch(const Embedder *e) {
  return e->method->embed_all ? EMBED_BATCH : 1;
}

static Status check_vector(const Embedder *e, const EmbedText *text, const float *v, Error *err) {
  for (int64_t i = 0; i < e->dim; i++) {
    if (isfinite(v[i])) continue;
    return error_set(
        err, STATUS_RUN, "%s: the embedding of '%.80s': [%" PRId64 "] is %s, want a finite number",
        e->name, text->text ? text->text : text->key, i, isnan(v[i]) ? "NaN" : "infinite");
  }
  return STATUS_OK;
}

/* Texts of one request, or one text. */
static Status embed_some(Embedder *e, EmbedWhat what, const EmbedText *text, int count, float *out,
                         int *failed, Error *err) {
  *failed = count == 1 ? 0 : -1;
  TRY(e->method->embed_all ? e->method->embed_all(e->self, what, text, count, out, failed, err)
                           : e->method->embed(e->self, text->key, text->text, out, err));
  for (int i = 0; i < count; i++) {
    *failed = i;
    TRY(check_vector(e, &text[i], out + i * e->dim, err));
  }
  return STATUS_OK;
}

Status embedder_embed_all(Embedder *e, EmbedWhat what, const EmbedText *text, int count, float *out,
                          int *failed, Error *err) {
  int most = embedder_batch(e);
  for (int at = 0; at < count; at += most) {
    int some = count - at < most ? count - at : most;
    Status status = embed_some(e, what, text + at, some, out + at * e->dim, failed, err);
    if (*failed >= 0) *failed += at;
    TRY(status);
  }
  return STATUS_OK;
}

Status embedder_embed(Embedder *e, const char *key, const char *text, float *out, Error *err) {
  int failed;
  return embedder_embed_all(e, EMBED_INSTRUCTIONS, &(EmbedText){key, text}, 1, out, &failed, err);
}

const char *embedder_prefix(const Embedder *e) {
  return e->method->prefix ? e->method->prefix(e->self) : NULL;
}

const char *embedder_note(const Embedder *e) {
  return e->method->note ? e->method->note(e->self) : NULL;
}

int64_t embedder_cut(const Embedder *e, int64_t *longest) {
  *longest = 0;
  return e->method->cut ? e->method->cut(e->self, longest) : 0;
}

#include "infer/instruct/spread.h"

#include <stdlib.h>

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the spread of instructions");
}

NamedVectors spread_vectors(const Spread *s) {
  return (NamedVectors){s->vector, s->begin, s->names, embedder_dim(s->embedder)};
}

static Status embed(Spread *s, Error *err) {
  int rows = s->begin[s->names], failed;
  EmbedText *text = calloc((size_t)rows + 1, sizeof *text);
  if (!text) return no_memory(err);
  for (int i = 0; i < rows; i++) text[i].text = s->text[i];
  Status status =
      embedder_embed_all(s->embedder, EMBED_INSTRUCTIONS, text, rows, s->vector, &failed, err);
  free(text);
  return status;
}

Status spread_measure(Spread *s, EmbedderSpec spec, Error *err) {
  size_t rows = (size_t)s->begin[s->names];
  spec.corpus = s->text;
  spec.corpus_count = (int)rows;
  TRY(embedder_open(&s->embedder, &spec, err));
  s->vector = calloc(rows * (size_t)embedder_dim(s->embedder) + 1, sizeof *s->vector);
  s->found = calloc((size_t)s->names + 1, sizeof *s->found);
  if (!s->vector || !s->found) return no_memory(err);
  TRY(embed(s, err));
  const NamedVectors v = spread_vectors(s);
  dispersion_measure(s->found, &v);
  return STATUS_OK;
}

void spread_free(Spread *s) {
  embedder_close(s->embedder);
  free(s->found);
  free(s->vector);
  free(s->begin);
  free(s->text);
  free(s->name);
  *s = (Spread){0};
}

/* Embeddings by the base itself: its encoder reads the text and EOS, as in training, and the states
 * of the text's tokens are averaged. A text is cut to MOST tokens, EOS included. */
#include <stdio.h>
#include <stdlib.h>

#include "data/examples/sequence.h"
#include "infer/embed/embed_method.h"

enum { MOST = 512 };

typedef struct Encoder {
  const Base *base;
  Arena *arena;
  int threads;
  SequenceLoss loss; /* what of the texts was not read */
} Encoder;

static void encoder_close(void *self) {
  Encoder *e = self;
  arena_free(e->arena);
  free(e);
}

static Status encoder_open(const EmbedderSpec *spec, void **self, char name[EMBEDDER_NAME],
                           int64_t *dim, Error *err) {
  Encoder *e = calloc(1, sizeof *e);
  if (!e) return error_set(err, STATUS_RUN, "out of memory: the encoder's embedder");
  *e = (Encoder){.base = spec->base, .arena = arena_new(), .threads = spec->threads};
  if (!e->arena) {
    free(e);
    return error_set(err, STATUS_RUN, "out of memory: the encoder's embedder");
  }
  char sample[HASH_HEX];
  Status status = t5_encoder_sample(spec->base->model, sample, err);
  if (status != STATUS_OK) {
    encoder_close(e);
    return status;
  }
  snprintf(name, EMBEDDER_NAME, "encoder-2-%.12s", sample);
  *self = e;
  *dim = spec->base->model->config.d_model;
  return STATUS_OK;
}

/* The mean of the states of ids[0, count - 1), EOS being the last. */
static Status mean_state(Encoder *e, const int32_t *ids, int64_t count, float *out, Error *err) {
  int64_t offset[] = {0, count};
  T5Run run = {e->base->model, NULL, false};
  Context c = context_make(e->arena, NULL, e->threads, err);
  ArenaMark mark = arena_mark(e->arena);
  Tensor *states = t5_encode(&c, &run, ids, (Ragged){1, offset});
  for (int64_t k = 0; states && k < states->cols; k++) {
    double sum = 0;
    for (int64_t t = 0; t < count - 1; t++) sum += (double)states->data[t * states->cols + k];
    out[k] = (float)(sum / (double)(count - 1));
  }
  arena_release(e->arena, mark);
  return err->status;
}

static Status encoder_embed(void *self, const char *key, const char *text, float *out, Error *err) {
  (void)key;
  Encoder *e = self;
  int32_t *ids;
  int64_t count;
  TRY(sequence_encode_watched(e->base->tokenizer, text, MOST, &ids, &count, &e->loss, err));
  Status status = count > 1 ? mean_state(e, ids, count, out, err)
                            : error_set(err, STATUS_INPUT,
                                        "'%.80s': a text to be embedded has no content", text);
  free(ids);
  return status;
}

static int64_t encoder_cut(const void *self, int64_t *longest) {
  const Encoder *e = self;
  *longest = MOST;
  return e->loss.cut;
}

const EmbedderMethod embed_encoder = {
    .open = encoder_open, .embed = encoder_embed, .close = encoder_close, .cut = encoder_cut};

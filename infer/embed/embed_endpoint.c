/* Embeddings by a model behind an endpoint: POST URL/embeddings with {"model", "input": [texts],
 * "encoding_format": "float"}; the answer has "data": [{"index", "embedding": [numbers]}], one a
 * text, in any order. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json_put.h"
#include "infer/embed/embed_method.h"

enum { DIM_MOST = 1 << 16 };
static const size_t ANSWER_MOST = (size_t)16 << 20; /* bytes: twice a batch of long vectors */

typedef struct Remote {
  Endpoint *endpoint;
  bool share_data;
  int64_t dim;
} Remote;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the embeddings of an endpoint");
}

/* ---- the answer ---- */

static Status read_vector(const Remote *r, const json_t *list, float *out, Error *err) {
  double square = 0;
  if ((int64_t)json_array_size(list) != r->dim)
    return endpoint_refuse(r->endpoint, err,
                           "the answer: data: an embedding of %zu numbers, others have %" PRId64,
                           json_array_size(list), r->dim);
  for (int64_t i = 0; i < r->dim; i++) {
    const json_t *x = json_array_get(list, (size_t)i);
    double value = json_is_number(x) ? json_number_value(x) : NAN;
    out[i] = (float)value;
    if (!isfinite(out[i]))
      return endpoint_refuse(r->endpoint, err,
                             "the answer: data: embedding: [%" PRId64
                             "] is %s, want a finite number",
                             i, json_kind(x));
    square += value * value;
  }
  return square > 0 ? STATUS_OK
                    : endpoint_refuse(r->endpoint, err, "the answer: data: an embedding of zeros");
}

/* The element of `data` for text `index`; NULL where there is none, or another, too. */
static const json_t *find_index(const json_t *data, int index) {
  const json_t *found = NULL;
  for (size_t i = 0; i < json_array_size(data); i++) {
    const json_t *o = json_array_get(data, i), *at = json_object_get(o, "index");
    if (!json_is_integer(at) || json_integer_value(at) != index) continue;
    if (found) return NULL;
    found = o;
  }
  return found;
}

static Status read_data(Remote *r, const JsonDoc *doc, int count, float *out, Error *err) {
  const json_t *data = json_object_get(doc->root, "data");
  if (!json_is_array(data) || (int64_t)json_array_size(data) != count)
    return endpoint_refuse(r->endpoint, err,
                           "the answer: data: is %s of %zu, want a list of %d embeddings",
                           json_kind(data), json_array_size(data), count);
  for (int i = 0; i < count; i++) {
    const json_t *list = json_object_get(find_index(data, i), "embedding");
    if (!json_is_array(list))
      return endpoint_refuse(r->endpoint, err,
                             "the answer: data: want one element of index %d with an embedding", i);
    if (out) TRY(read_vector(r, list, out + i * r->dim, err));
    if (!out) r->dim = (int64_t)json_array_size(list);
  }
  return STATUS_OK;
}

/* ---- the request ---- */

static json_t *make_body(const Remote *r, const EmbedText *text, int count) {
  json_t *o = json_object(), *input = json_array();
  for (int i = 0; i < count; i++) json_push(&input, json_string(text[i].text));
  json_put(&o, "model", json_string(endpoint_model(r->endpoint)));
  json_put(&o, "input", input);
  json_put(&o, "encoding_format", json_string("float"));
  return o;
}

/* out NULL: the dimension alone is learnt. */
static Status post(Remote *r, const EmbedText *text, int count, float *out, Error *err) {
  JsonDoc doc;
  json_t *body = make_body(r, text, count);
  if (!body) return error_set(err, STATUS_INPUT, "'%.80s': is not UTF-8 text", text[0].text);
  /* What is this machine when it is opened must stay it, whatever its name leads to by then. */
  EndpointReach reach = endpoint_place(r->endpoint)->loopback ? REACH_LOOPBACK : REACH_ANYWHERE;
  Status status = endpoint_post(r->endpoint, reach, "embeddings", body, ANSWER_MOST, &doc, err);
  json_decref(body);
  TRY(status);
  status = read_data(r, &doc, count, out, err);
  json_free(&doc);
  return status;
}

static Status check_text(const char *text, Error *err) {
  if (text[strspn(text, " \t\r\n")]) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "'%.80s': a text to be embedded has no content", text);
}

static Status endpoint_embed_all(void *self, EmbedWhat what, const EmbedText *text, int count,
                                 float *out, int *failed, Error *err) {
  Remote *r = self;
  if (what == EMBED_DATA && !r->share_data && !endpoint_place(r->endpoint)->loopback)
    return error_set(
        err, STATUS_USAGE,
        "embedder: endpoint: %.200s is another machine, to which inputs would be sent; "
        "give instructions, or share the inputs (endpoint.share_inputs: true; of skein "
        "embed: --share-examples)",
        endpoint_place(r->endpoint)->host);
  for (int i = 0; i < count; i++) {
    *failed = i;
    TRY(check_text(text[i].text, err));
  }
  *failed = count == 1 ? 0 : -1;
  return post(r, text, count, out, err);
}

/* ---- the kind ---- */

static void endpoint_embedder_close(void *self) {
  Remote *r = self;
  endpoint_close(r->endpoint);
  free(r);
}

static Status open_remote(Remote *r, const EmbedderSpec *spec, char name[EMBEDDER_NAME],
                          Error *err) {
  if (!spec->endpoint.url)
    return error_set(err, STATUS_USAGE,
                     "embedder: endpoint: its URL is missing (endpoint.url; of "
                     "skein embed: --endpoint)");
  TRY(endpoint_open(&r->endpoint, &spec->endpoint, err));
  int size = snprintf(name, EMBEDDER_NAME, "endpoint-1-%s", endpoint_model(r->endpoint));
  if (size >= EMBEDDER_NAME)
    return error_set(err, STATUS_USAGE, "model: '%.80s...': is longer than %d bytes",
                     endpoint_model(r->endpoint), EMBEDDER_NAME - 12);
  TRY(post(r, &(EmbedText){NULL, "How long is a vector?"}, 1, NULL, err));
  if (r->dim >= 1 && r->dim <= DIM_MOST) return STATUS_OK;
  return endpoint_refuse(r->endpoint, err,
                         "the answer: data: an embedding of %" PRId64 " numbers, want 1 to %d",
                         r->dim, DIM_MOST);
}

static Status endpoint_embedder_open(const EmbedderSpec *spec, void **self,
                                     char name[EMBEDDER_NAME], int64_t *dim, Error *err) {
  Remote *r = calloc(1, sizeof *r);
  if (!r) return no_memory(err);
  r->share_data = spec->share_data;
  Status status = open_remote(r, spec, name, err);
  if (status != STATUS_OK) {
    endpoint_embedder_close(r);
    return status;
  }
  *self = r;
  *dim = r->dim;
  return STATUS_OK;
}

const EmbedderMethod embed_endpoint = {.open = endpoint_embedder_open,
                                       .embed_all = endpoint_embed_all,
                                       .close = endpoint_embedder_close};

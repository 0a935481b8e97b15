/* skein bench embed: the time of embedding the texts of a file by an encoder of sentences. */
#include <inttypes.h>
#include <stdlib.h>

#include "autograd/ground/extremum.h"
#include "data/file/hash.h"
#include "data/text/json.h"
#include "data/text/jsonl.h"
#include "infer/embed/embed.h"
#include "tools/bench/bench_asked.h"
#include "tools/shell/command.h"
#include "tools/shell/machine.h"

typedef struct EmbedArguments {
  const char *embedder, *input, *key;
  int64_t threads;
} EmbedArguments;

#define AT(field) offsetof(EmbedArguments, field)

static const Argument ROWS[] = {
    {"embedder", .type = ARGUMENT_TEXT, .offset = AT(embedder), .value = "DIR"},
    {"input", .type = ARGUMENT_TEXT, .offset = AT(input), .value = "FILE"},
    {"key", .type = ARGUMENT_TEXT, .offset = AT(key), .value = "KEY"},
    {"threads", .type = ARGUMENT_COUNT, .offset = AT(threads), .most = 256, .value = "N"},
};
const ArgumentTable bench_embed_arguments = {ROWS, sizeof ROWS / sizeof *ROWS};

/* The texts of a file. */
typedef struct Texts {
  JsonDoc *doc;    /* [count] */
  EmbedText *text; /* [count] borrowed from the documents */
  int64_t count;
} Texts;

static void texts_free(Texts *t) {
  for (int64_t i = 0; t->doc && i < t->count; i++) json_free(&t->doc[i]);
  free(t->doc);
  free(t->text);
}

static Status texts_fill(Texts *t, const Jsonl *lines, const EmbedArguments *a, Error *err) {
  t->count = jsonl_count(lines);
  t->doc = calloc((size_t)t->count + 1, sizeof *t->doc);
  t->text = calloc((size_t)t->count + 1, sizeof *t->text);
  if (!t->doc || !t->text) return error_set(err, STATUS_RUN, "out of memory: the texts");
  for (int64_t i = 0; i < t->count; i++) {
    JsonlLine line = jsonl_line(lines, i);
    t->doc[i] = (JsonDoc){.file = a->input, .line = line.number, .byte = line.byte};
    TRY(json_parse(&t->doc[i], line.text, line.size, err));
    TRY(json_get_string(&t->doc[i], a->key, &t->text[i].text, err));
  }
  return STATUS_OK;
}

static Status texts_read(Texts *t, const EmbedArguments *a, Error *err) {
  Jsonl *lines;
  TRY(jsonl_open(&lines, a->input, err));
  Status status = jsonl_want_objects(lines, "{\"input\": \"...\"}", err);
  if (status == STATUS_OK) status = texts_fill(t, lines, a, err);
  jsonl_close(lines);
  return status;
}

/* Vectors are many: their hash tells whether they are those of a file of `skein embed`. */
static Status answer(const Texts *t, const float *vector, int64_t dim, double seconds, Error *err) {
  char hex[HASH_HEX];
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "out of memory: a hash");
  hash_add(hash, vector, (size_t)(t->count * dim) * sizeof *vector);
  hash_finish(hash, hex);
  json_t *line = json_pack("{s:I, s:I, s:s}", "texts", (json_int_t)t->count, "dim", (json_int_t)dim,
                           "sha256", hex);
  return bench_answer(line, seconds, err);
}

/* As `skein embed` goes through a file. */
static Status embed_texts(Embedder *e, const Texts *t, float *vector, Error *err) {
  int64_t most = embedder_batch(e);
  for (int64_t at = 0; at < t->count; at += most) {
    Error why = {0};
    int failed;
    Status status = embedder_embed_all(e, EMBED_DATA, t->text + at, (int)min64(most, t->count - at),
                                       vector + at * embedder_dim(e), &failed, &why);
    if (status == STATUS_OK) continue;
    if (failed < 0) return error_set(err, status, "%s", why.text);
    const JsonDoc *doc = &t->doc[at + failed];
    return error_set(err, status, "%s: line %" PRId64 ": %s", doc->file, doc->line, why.text);
  }
  return STATUS_OK;
}

static Status repeat(Embedder *e, const Texts *t, Error *err) {
  int64_t dim = embedder_dim(e);
  float *vector = calloc((size_t)(t->count * dim) + 1, sizeof *vector);
  Status status = vector ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the vectors");
  while (status == STATUS_OK && bench_asked()) {
    double start = machine_seconds();
    status = embed_texts(e, t, vector, err);
    double seconds = machine_seconds() - start;
    if (status == STATUS_OK) status = answer(t, vector, dim, seconds, err);
  }
  free(vector);
  return status;
}

static Status measure(const EmbedArguments *a, Error *err) {
  Texts texts = {0};
  Embedder *e = NULL;
  EmbedderSpec spec = {
      .kind = EMBEDDER_SENTENCE, .threads = (int)a->threads, .sentence = {.dir = a->embedder}};
  Status status = texts_read(&texts, a, err);
  if (status == STATUS_OK) status = embedder_open(&e, &spec, err);
  if (status == STATUS_OK) status = repeat(e, &texts, err);
  embedder_close(e);
  texts_free(&texts);
  return status;
}

int bench_embed(int argc, char **argv, Error *err) {
  EmbedArguments a = {.key = "input", .threads = 2};
  TRY(arguments_read(&bench_embed_arguments, 0, &a, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 0, 0, "nothing but options", err));
  if (a.embedder && a.input) return (int)measure(&a, err);
  return error_set(err, STATUS_USAGE, "bench embed: wants --embedder DIR and --input FILE");
}

/* How far the answers of a name are apart, told. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "infer/embed/embed.h"
#include "infer/instruct/dispersion.h"
#include "tools/instruct/questions.h"
#include "tools/shell/console.h"
#include "tools/shell/facts.h"

/* The names all of whose questions have an answer, with their texts. */
typedef struct Spread {
  const char **text; /* [names * samples] borrowed */
  const char **name; /* [names] borrowed */
  int names, samples;
  float *vector; /* [names * samples, dim] */
  Dispersion *found;
  Embedder *embedder;
  Base base;
} Spread;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the spread of instructions");
}

static Status choose_names(Spread *s, const Questions *q, Error *err) {
  s->text = calloc((size_t)q->count, sizeof *s->text);
  s->name = calloc((size_t)q->count, sizeof *s->name);
  if (!s->text || !s->name) return no_memory(err);
  for (int at = 0; at < q->count; at += s->samples) {
    int answered = 0;
    while (answered < s->samples && q->question[at + answered].answer) answered++;
    if (answered < s->samples) {
      console_note(NULL, "%s: is left out of the spread, for it lacks answers",
                   q->question[at].name);
      continue;
    }
    for (int k = 0; k < s->samples; k++)
      s->text[s->names * s->samples + k] = q->question[at + k].answer;
    s->name[s->names++] = q->question[at].name;
  }
  return STATUS_OK;
}

static Status open_embedder(Spread *s, const InstructOptions *o, Error *err) {
  EmbedderSpec spec = o->embed;
  spec.corpus = s->text;
  spec.corpus_count = s->names * s->samples;
  spec.threads = 2;
  spec.endpoint =
      (EndpointSpec){.url = o->endpoint, .model = o->embed_model, .key_env = o->key_env};
  if (spec.kind == EMBEDDER_ENCODER) TRY(base_open_encoder(&s->base, o->base, err));
  spec.base = &s->base;
  TRY(embedder_open(&s->embedder, &spec, err));
  if (embedder_note(s->embedder)) console_note(NULL, "the spread: %s", embedder_note(s->embedder));
  return STATUS_OK;
}

/* Of whole instructions that are longer than the encoder reads. */
static void tell_cut(const Embedder *e, int rows) {
  int64_t longest, cut = embedder_cut(e, &longest);
  if (cut > 0)
    console_note(NULL,
                 "the spread: of %" PRId64 " of %d instructions only the first %" PRId64
                 " tokens were read",
                 cut, rows, longest);
}

static Status measure(Spread *s, Error *err) {
  int64_t dim = embedder_dim(s->embedder);
  int rows = s->names * s->samples, failed;
  s->vector = calloc((size_t)rows * (size_t)dim, sizeof *s->vector);
  s->found = calloc((size_t)s->names, sizeof *s->found);
  EmbedText *text = calloc((size_t)rows, sizeof *text);
  if (!s->vector || !s->found || !text) {
    free(text);
    return no_memory(err);
  }
  for (int i = 0; i < rows; i++) text[i].text = s->text[i];
  Status status =
      embedder_embed_all(s->embedder, EMBED_INSTRUCTIONS, text, rows, s->vector, &failed, err);
  free(text);
  TRY(status);
  tell_cut(s->embedder, rows);
  dispersion_measure(s->found, s->vector, s->names, s->samples, dim);
  return STATUS_OK;
}

static Status report(const Spread *s, const InstructOptions *o, Error *err) {
  Facts f = facts_new();
  facts_set(&f, f.root, "embedder", facts_text(embedder_name(s->embedder)));
  if (o->embed.kind == EMBEDDER_SENTENCE)
    facts_set(&f, f.root, "encoder", facts_text(o->embed.sentence.dir));
  facts_set(&f, f.root, "samples", json_integer(s->samples));
  json_t *rows = facts_array(&f, f.root, "spread");
  for (int i = 0; i < s->names; i++) {
    const Dispersion *d = &s->found[i];
    json_t *row = facts_row(&f, rows);
    facts_set(&f, row, "name", facts_text(s->name[i]));
    facts_set(&f, row, "within", facts_number(d->within));
    facts_set(&f, row, "nearest", facts_text(d->nearest < 0 ? "" : s->name[d->nearest]));
    facts_set(&f, row, "apart", d->nearest < 0 ? json_null() : facts_number(d->apart));
    facts_set(&f, row, "strayed", json_integer(d->strayed));
    facts_set(&f, row, "taken_for", facts_text(d->taken_for < 0 ? "" : s->name[d->taken_for]));
  }
  Status status = facts_print(&f, o->json, err);
  facts_free(&f);
  return status;
}

/* Those that the global term cannot keep from each other: queries stray, or the instructions of one
 * are as far apart as from another's. */
static void tell_alike(const Spread *s) {
  for (int i = 0; i < s->names; i++) {
    const Dispersion *d = &s->found[i];
    int other = d->strayed > 0 ? d->taken_for : d->within >= d->apart ? d->nearest : -1;
    if (other < 0) continue;
    console_note(NULL,
                 "%s: cannot be told from %s by their instructions (%d of %d queries stray; "
                 "%.3f apart, %.3f within)",
                 s->name[i], s->name[other], d->strayed, s->samples - 1, d->apart, d->within);
  }
}

Status instruct_spread(const Questions *q, const InstructOptions *o, Error *err) {
  Spread s = {.samples = (int)o->repeat};
  Status status = choose_names(&s, q, err);
  if (status == STATUS_OK && s.names > 0) {
    status = open_embedder(&s, o, err);
    if (status == STATUS_OK) status = measure(&s, err);
    if (status == STATUS_OK) status = report(&s, o, err);
    if (status == STATUS_OK) tell_alike(&s);
  }
  embedder_close(s.embedder);
  base_close(&s.base);
  free(s.found);
  free(s.vector);
  free(s.name);
  free(s.text);
  return status;
}

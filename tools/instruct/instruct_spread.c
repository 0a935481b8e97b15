/* How far the answers of a name are apart, told. */
#include <inttypes.h>
#include <stdlib.h>

#include "infer/instruct/spread.h"
#include "tools/instruct/questions.h"
#include "tools/shell/console.h"
#include "tools/shell/facts.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the spread of instructions");
}

/* The answers of one name behind the others, of two at least; what is missing is said. */
static void add_name(Spread *s, const Question *q, int samples) {
  int rows = s->begin[s->names], answers = 0;
  for (int k = 0; k < samples; k++)
    if (q[k].answer) s->text[rows + answers++] = q[k].answer;
  if (answers < 2) {
    console_note(NULL, "%s: is left out of the spread, for it has %d of %d answers", q->name,
                 answers, samples);
    return;
  }
  if (answers < samples)
    console_note(NULL, "%s: its spread is that of %d of %d answers", q->name, answers, samples);
  s->name[s->names++] = q->name;
  s->begin[s->names] = rows + answers;
}

static Status choose_names(Spread *s, const Questions *q, int samples, Error *err) {
  s->text = calloc((size_t)q->count + 1, sizeof *s->text);
  s->name = calloc((size_t)q->count + 1, sizeof *s->name);
  s->begin = calloc((size_t)q->count + 1, sizeof *s->begin);
  if (!s->text || !s->name || !s->begin) return no_memory(err);
  for (int at = 0; at < q->count; at += samples) add_name(s, &q->question[at], samples);
  return STATUS_OK;
}

/* What who embeds should know. */
static void tell_embedder(const Spread *s) {
  int64_t longest, cut = embedder_cut(s->embedder, &longest);
  const char *note = embedder_note(s->embedder);
  if (note) console_note(NULL, "the spread: %s", note);
  if (cut > 0)
    console_note(NULL,
                 "the spread: of %" PRId64 " of %d instructions only the first %" PRId64
                 " tokens were read",
                 cut, s->begin[s->names], longest);
}

static Status measure(Spread *s, Base *base, const InstructOptions *o, Error *err) {
  EmbedderSpec spec = o->embed;
  spec.base = base;
  spec.threads = 2;
  spec.endpoint =
      (EndpointSpec){.url = o->endpoint, .model = o->embed_model, .key_env = o->key_env};
  if (spec.kind == EMBEDDER_ENCODER) TRY(base_open_encoder(base, o->base, err));
  TRY(spread_measure(s, spec, err));
  tell_embedder(s);
  return STATUS_OK;
}

static Status report(const Spread *s, const InstructOptions *o, Error *err) {
  Facts f = facts_new();
  facts_set(&f, f.root, "embedder", facts_text(embedder_name(s->embedder)));
  if (o->embed.kind == EMBEDDER_SENTENCE)
    facts_set(&f, f.root, "encoder", facts_text(o->embed.sentence.dir));
  facts_set(&f, f.root, "samples", json_integer(o->repeat));
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

static void tell_alike(const Spread *s) {
  for (int i = 0; i < s->names; i++) {
    const Dispersion *d = &s->found[i];
    int other = dispersion_alike(d);
    if (other < 0) continue;
    console_note(NULL,
                 "%s: cannot be told from %s by their instructions (%d of %d queries stray; "
                 "%.3f apart, %.3f within)",
                 s->name[i], s->name[other], d->strayed, s->begin[i + 1] - s->begin[i] - 1,
                 d->apart, d->within);
  }
}

Status instruct_spread(const Questions *q, const InstructOptions *o, Error *err) {
  Spread s = {0};
  Base base = {0};
  Status status = choose_names(&s, q, (int)o->repeat, err);
  if (status == STATUS_OK && s.names > 0) {
    status = measure(&s, &base, o, err);
    if (status == STATUS_OK) status = report(&s, o, err);
    if (status == STATUS_OK) tell_alike(&s);
  }
  spread_free(&s);
  base_close(&base);
  return status;
}

#include "tools/plot/plot_instructions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/instruct/instructions.h"
#include "infer/instruct/spread.h"
#include "tools/plot/plot_labels.h"
#include "tools/plot/plot_row.h"
#include "tools/shell/console.h"

typedef struct InstructionsFigure {
  const char *file;
  const Spread *spread;
  double *cosine; /* [names, names] mean of two different instructions; NaN: there are none */
} InstructionsFigure;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the figure of instructions");
}

/* ---- the figure ---- */

static void instructions_data(FILE *out, const void *arg) {
  const InstructionsFigure *f = arg;
  const Spread *s = f->spread;
  PlotRow row = plot_row(out);
  fputs("row\tname\tcolumn\tother\tcosine\talike\n", out);
  for (int i = 0; i < s->names; i++) {
    for (int k = 0; k < s->names; k++) {
      row_int(&row, i);
      row_text(&row, s->name[i]);
      row_int(&row, k);
      row_text(&row, s->name[k]);
      row_number(&row, f->cosine[i * s->names + k]);
      row_int(&row, dispersion_alike(&s->found[i]) == k);
      row_end(&row);
    }
  }
}

/* The largest absolute value, for the ends of the colour scale. */
static double largest_cosine(const InstructionsFigure *f) {
  double most = 0;
  for (int i = 0; i < f->spread->names * f->spread->names; i++)
    if (fabs(f->cosine[i]) > most) most = fabs(f->cosine[i]);
  return most > 0 ? most : 1;
}

static void instructions_settings(FILE *out, const void *arg) {
  const InstructionsFigure *f = arg;
  const Spread *s = f->spread;
  int alike = 0;
  for (int i = 0; i < s->names; i++) alike += dispersion_alike(&s->found[i]) >= 0;
  fputs("heading = 'How alike the instructions are'\nsubtitle = ", out);
  plot_quote_short(out, f->file, 48);
  fputs(".', by '.", out);
  plot_quote_short(out, embedder_name(s->embedder), 40);
  fprintf(out, ".'; %d of %d cannot be told from another (frames)'\n", alike, s->names);
  fprintf(out, "names = %d\n", s->names);
  plot_labels(out, "name", &(Labels){label_of_array, s->name, s->names, PLOT_LABEL});
  PlotRow row = plot_array(out, "alike[%d]", s->names);
  for (int i = 0; i < s->names; i++) row_int(&row, dispersion_alike(&s->found[i]));
  row_end(&row);
  fprintf(out, "reach = %.6g\n", largest_cosine(f));
}

static Status draw(const char *file, const Spread *s, Figures *made, Error *err) {
  InstructionsFigure f = {file, s, calloc((size_t)s->names * (size_t)s->names, sizeof *f.cosine)};
  if (!f.cosine) return no_memory(err);
  const NamedVectors v = spread_vectors(s);
  for (int i = 0; i < s->names; i++)
    for (int k = 0; k < s->names; k++)
      f.cosine[i * s->names + k] = 1 - dispersion_distance(&v, i, k);
  Figure figure = {"instructions", instructions_data, instructions_settings, &f,
                   plot_instructions_script};
  Status status = plot_figure(made, &figure, err);
  free(f.cosine);
  return status;
}

/* ---- the file ---- */

static int find_name(const Spread *s, const char *name) {
  int at = 0;
  while (at < s->names && strcmp(s->name[at], name) != 0) at++;
  return at;
}

/* The lines of each name, in the order in which names and lines come. */
static Status sort_lines(Spread *s, const Instructions *all, Error *err) {
  size_t count = (size_t)all->count;
  s->text = calloc(count + 1, sizeof *s->text);
  s->name = calloc(count + 1, sizeof *s->name);
  s->begin = calloc(count + 1, sizeof *s->begin);
  if (!s->text || !s->name || !s->begin) return no_memory(err);
  for (int i = 0; i < all->count; i++) {
    int at = find_name(s, all->line[i].name);
    if (at == s->names) s->name[s->names++] = all->line[i].name;
  }
  for (int n = 0, rows = 0; n < s->names; n++) {
    for (int i = 0; i < all->count; i++)
      if (strcmp(all->line[i].name, s->name[n]) == 0) s->text[rows++] = all->line[i].text;
    s->begin[n + 1] = rows;
  }
  return STATUS_OK;
}

/* ---- the embedder ---- */

static Status choose_embedder(const InstructionsRequest *r, EmbedderSpec *spec, Error *err) {
  const char *wrong = NULL;
  *spec = r->embed;
  spec->threads = 2;
  if (r->embedder)
    TRY(embedder_named(r->embedder, "plot: --embedder", &spec->kind, &spec->sentence.dir, err));
  const SentenceSettings *s = &spec->sentence;
  const EndpointSpec *e = &spec->endpoint;
  const EmbedderKind kind = spec->kind;
  if (kind == EMBEDDER_PRECOMPUTED) wrong = "--embedder precomputed has no vectors of these texts";
  if (kind == EMBEDDER_ENDPOINT && !e->url) wrong = "--embedder endpoint wants --endpoint URL";
  if (kind != EMBEDDER_ENDPOINT && (e->url || e->model || e->key_env))
    wrong = "--endpoint, --model and --key-env are of --embedder endpoint";
  if ((kind == EMBEDDER_ENCODER) != (r->base != NULL))
    wrong = "--embedder encoder goes with --base DIR";
  if (kind != EMBEDDER_SENTENCE && (s->prompt || s->prefix || s->dimensions))
    wrong = "--prompt, --prefix and --dimensions are of an encoder of sentences alone";
  return wrong ? error_set(err, STATUS_USAGE, "plot: %s; see skein plot --help", wrong) : STATUS_OK;
}

static Status measure(const InstructionsRequest *r, Spread *s, Base *base, Error *err) {
  EmbedderSpec spec;
  TRY(choose_embedder(r, &spec, err));
  if (spec.kind == EMBEDDER_ENCODER) TRY(base_open_encoder(base, r->base, err));
  spec.base = base;
  TRY(spread_measure(s, spec, err));
  const char *note = embedder_note(s->embedder);
  if (note) console_note(NULL, "plot: %s", note);
  return STATUS_OK;
}

Status plot_instructions(const InstructionsRequest *r, Figures *made, Error *err) {
  Instructions all;
  Spread s = {0};
  Base base = {0};
  TRY(instructions_read(&all, r->file, err));
  Status status = all.count > 0 ? sort_lines(&s, &all, err)
                                : error_set(err, STATUS_INPUT, "%s: holds no instruction", r->file);
  if (status == STATUS_OK) status = measure(r, &s, &base, err);
  if (status == STATUS_OK) status = draw(r->file, &s, made, err);
  spread_free(&s);
  base_close(&base);
  instructions_free(&all);
  return status;
}

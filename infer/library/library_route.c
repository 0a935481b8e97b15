/* Where the tokens of an input go. */
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/examples/sequence.h"
#include "infer/library/library.h"

typedef struct Visits {
  SkeinVisit *visit;
  size_t count;
} Visits;

static Status add_visit(Visits *v, SkeinVisit visit, Error *err) {
  SkeinVisit *grown = array_grow(v->visit, v->count, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "out of memory: where tokens go");
  v->visit = grown;
  v->visit[v->count++] = visit;
  return STATUS_OK;
}

static Status add_row(Visits *v, const Module *module, int64_t row, const Plan *plan, Error *err) {
  for (int k = 0; k < plan->slots; k++) {
    int64_t at = row * plan->slots + k;
    if (plan->expert[at] < 0) continue;
    TRY(add_visit(v, (SkeinVisit){module->id, (int32_t)row, plan->expert[at], plan->weight[at]},
                  err));
  }
  return STATUS_OK;
}

static void see_plan(void *arg, Context *c, const Module *module, const Rows *rows,
                     const Tensor *softmax, const Plan *plan) {
  (void)rows;
  (void)softmax;
  if (module->side != SIDE_PROMPT || context_failed(c)) return;
  for (int64_t row = 0; row < plan->rows; row++) {
    if (add_row(arg, module, row, plan, c->error) != STATUS_OK) return;
  }
}

static Status watch_input(Skein *s, const Item *item, Visits *v, Error *err) {
  Predictor *p = NULL;
  char *text = NULL;
  const RouteWatcher watcher = {.see = see_plan, .arg = v};
  PredictSettings settings = s->settings;
  settings.max_output = 1; /* the input is read, and that is all */
  settings.beams = 1;
  settings.generation = NULL;
  TRY(predictor_open(&p, &s->base, s->router, &watcher, &settings, err));
  Status status = predict_texts(p, &(Asking){0}, item, 1, &text, err);
  if (status == STATUS_OK) free(text);
  predictor_close(p);
  return status;
}

SkeinStatus skein_route(Skein *skein, const SkeinItem *item, SkeinVisit **visits, size_t *count,
                        SkeinError *error) {
  Call call = call_begin();
  Visits v = {0};
  Item own = {0};
  SkeinItem asked = *item;
  asked.choices = NULL;
  Status status = library_item(skein, &asked, 0, &own, &call.error);
  if (status == STATUS_OK && skein->router) status = watch_input(skein, &own, &v, &call.error);
  item_free(&own);
  if (status != STATUS_OK) {
    free(v.visit);
    v = (Visits){0};
  }
  *visits = v.visit;
  *count = v.count;
  return call_end(&call, status, error);
}

void skein_visits_free(SkeinVisit *visits) {
  free(visits);
}

/* ---- pieces ---- */

static Status copy_pieces(const Tokenizer *t, const int32_t *ids, int64_t count, char **piece,
                          Error *err) {
  for (int64_t i = 0; i < count; i++) {
    const char *text = tokenizer_piece(t, ids[i]);
    TRY(item_copy_text(&piece[i], text ? text : "", err));
  }
  return STATUS_OK;
}

static Status make_pieces(const Skein *s, const char *input, char ***pieces, size_t *count,
                          Error *err) {
  int32_t *ids;
  int64_t n;
  if (!input) return error_set(err, STATUS_USAGE, "input: is NULL");
  TRY(sequence_encode(s->base.tokenizer, input, s->own.max_input, &ids, &n, err));
  char **made = calloc((size_t)n, sizeof *made);
  Status status = made ? copy_pieces(s->base.tokenizer, ids, n, made, err)
                       : error_set(err, STATUS_RUN, "out of memory: pieces");
  free(ids);
  if (status != STATUS_OK) {
    if (made) skein_texts_free(made, (size_t)n);
    free(made);
    return status;
  }
  *pieces = made;
  *count = (size_t)n;
  return STATUS_OK;
}

SkeinStatus skein_pieces(const Skein *skein, const char *input, char ***pieces, size_t *count,
                         SkeinError *error) {
  Call call = call_begin();
  Status status = make_pieces(skein, input, pieces, count, &call.error);
  return call_end(&call, status, error);
}

void skein_pieces_free(char **pieces, size_t count) {
  if (pieces) skein_texts_free(pieces, count);
  free(pieces);
}

#include "train/extension.h"

#include <inttypes.h>
#include <stdio.h>

#include "data/text/json_put.h"
#include "optim/schedule.h"

static double factor(const TrainSettings *t, int64_t step, int64_t steps) {
  return schedule_factor((ScheduleKind)t->schedule, step, steps,
                         schedule_warmup(t->warmup_ratio, steps));
}

static bool same_rates(const TrainSettings *t, int64_t done, int64_t from, int64_t to) {
  for (int64_t step = 0; step < done; step++) {
    double a = factor(t, step, from), b = factor(t, step, to);
    if (a < b || a > b) return false;
  }
  return true;
}

/* A finished run was validated at its end. */
static bool same_validations(const TrainSettings *t, int64_t done, int64_t from, bool valid) {
  return !valid || done < from || (t->eval_every > 0 && from % t->eval_every == 0);
}

Status extensions_add(Extensions *x, int64_t at, int64_t from, const TrainSettings *now, bool valid,
                      Error *err) {
  if (now->steps < from)
    return error_set(err, STATUS_MISMATCH,
                     "train.steps: is %" PRId64 ", but the run was to make %" PRId64
                     " already; want that many, or more to extend it",
                     now->steps, from);
  if (x->count == EXTENSIONS_MOST)
    return error_set(err, STATUS_MISMATCH,
                     "train.steps: the run was extended %d times already; want %" PRId64
                     " again, or another output",
                     EXTENSIONS_MOST, from);
  bool same = same_rates(now, at, from, now->steps) && same_validations(now, at, from, valid);
  x->one[x->count++] = (Extension){at, from, now->steps, same};
  return STATUS_OK;
}

int64_t extensions_from(const Extensions *x) {
  int64_t from = 0;
  for (int i = 0; i < x->count; i++) {
    if (!x->one[i].same) from = x->one[i].from;
  }
  return from;
}

char *extension_text(const Extension *x) {
  char *text;
  int size = asprintf(&text,
                      "extended after step %" PRId64 " from %" PRId64 " to %" PRId64
                      " steps; the result is %s of %" PRId64 " steps from the start%s",
                      x->at, x->from, x->to, x->same ? "that" : "not that", x->to,
                      x->same ? "" : ", as learning rates or validations before were of fewer");
  return size < 0 ? NULL : text;
}

json_t *extensions_json(const Extensions *x) {
  json_t *list = json_array();
  for (int i = 0; i < x->count; i++) {
    json_t *one = json_object();
    json_put(&one, "at", json_integer(x->one[i].at));
    json_put(&one, "from", json_integer(x->one[i].from));
    json_put(&one, "to", json_integer(x->one[i].to));
    json_put(&one, "same", json_boolean(x->one[i].same));
    json_push(&list, one);
  }
  return list;
}

static Status read_one(Extension *x, const JsonDoc *doc, Error *err) {
  TRY(json_get_int(doc, "from", 0, INT64_MAX, &x->from, err));
  TRY(json_get_int(doc, "at", 0, x->from, &x->at, err));
  TRY(json_get_int(doc, "to", x->from, INT64_MAX, &x->to, err));
  return json_get_bool(doc, "same", &x->same, err);
}

Status extensions_read(Extensions *x, const JsonDoc *doc, Error *err) {
  json_t *list;
  *x = (Extensions){0};
  if (!json_has(doc, "extended")) return STATUS_OK;
  TRY(json_get_array(doc, "extended", &list, err));
  if (json_array_size(list) > EXTENSIONS_MOST)
    return error_set(err, STATUS_INPUT, "%s: extended: has %zu members, want at most %d", doc->file,
                     json_array_size(list), EXTENSIONS_MOST);
  for (size_t i = 0; i < json_array_size(list); i++) {
    JsonDoc one = *doc;
    one.root = json_array_get(list, i);
    TRY(read_one(&x->one[x->count++], &one, err));
  }
  return STATUS_OK;
}

/* Scores and texts. */
#include <stdlib.h>
#include <string.h>

#include "infer/library/library.h"

/* Our items of those from outside; NULL with the error set. Free with free_items. */
static Item *copy_items(const Skein *s, const SkeinItem *from, size_t count, Error *err) {
  Item *item = calloc(count + 1, sizeof *item);
  if (!item) error_set(err, STATUS_RUN, "out of memory: %zu items", count);
  for (size_t i = 0; item && i < count; i++) {
    if (library_item(s, &from[i], i, &item[i], err) == STATUS_OK) continue;
    for (size_t k = 0; k <= i; k++) item_free(&item[k]);
    free(item);
    return NULL;
  }
  return item;
}

static void free_items(Item *item, size_t count) {
  for (size_t i = 0; item && i < count; i++) item_free(&item[i]);
  free(item);
}

/* ---- choosing ---- */

static Status check_choices(const Item *item, size_t count, Error *err) {
  for (size_t i = 0; i < count; i++) {
    if (item[i].choices < 1)
      return error_set(err, STATUS_USAGE, "item %zu: choices: there are none", i);
  }
  return STATUS_OK;
}

static Status score_items(Skein *s, const Item *item, size_t count, SkeinScore *scores,
                          Error *err) {
  Predictor *p = NULL;
  Score *score = calloc(count + 1, sizeof *score);
  Status status =
      score ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: %zu scores", count);
  if (status == STATUS_OK)
    status = predictor_open(&p, &s->base, s->router, NULL, &s->settings, err);
  if (status == STATUS_OK)
    status = predict_scores(p, &(Asking){0}, item, (int64_t)count, score, err);
  for (size_t i = 0; status == STATUS_OK && i < count; i++) {
    scores[i] = (SkeinScore){score[i].prediction, score[i].choices, score[i].score, score[i].loglik,
                             score[i].unknown};
  }
  predictor_close(p);
  free(score);
  return status;
}

SkeinStatus skein_score(Skein *skein, const SkeinItem *items, size_t count, SkeinScore *scores,
                        SkeinError *error) {
  Call call = call_begin();
  Item *item = copy_items(skein, items, count, &call.error);
  Status status = item ? check_choices(item, count, &call.error) : call.error.status;
  if (status == STATUS_OK) status = score_items(skein, item, count, scores, &call.error);
  free_items(item, count);
  return call_end(&call, status, error);
}

void skein_scores_free(SkeinScore *scores, size_t count) {
  for (size_t i = 0; i < count; i++) {
    score_free(&(Score){
        .score = scores[i].score, .loglik = scores[i].loglik, .unknown = scores[i].unknown});
    scores[i] = (SkeinScore){0};
  }
}

/* ---- generating ---- */

/* What was given by the user wins over what the base asks for. */
static bool is_given(const OptionSet *set, const char *key) {
  for (size_t i = 0; i < set->count; i++) {
    if (strcmp(set->table[i].key, key) == 0) return set->source[i].origin != ORIGIN_DEFAULT;
  }
  return false;
}

static Status settle_generation(Skein *s, Error *err) {
  if (s->generation_read || !s->own.generation_config) return STATUS_OK;
  TRY(generation_config_read(&s->generation, s->base.dir, &s->base.model->config, err));
  const PredictGiven given = {.max_output = is_given(&s->set, "max_output"),
                              .beams = is_given(&s->set, "beams"),
                              .length_penalty = is_given(&s->set, "length_penalty")};
  generation_settle(&s->settings, given, &s->generation);
  s->generation_read = true;
  return STATUS_OK;
}

SkeinStatus skein_generate(Skein *skein, const SkeinItem *items, size_t count, char **texts,
                           SkeinError *error) {
  Call call = call_begin();
  Predictor *p = NULL;
  Item *item = copy_items(skein, items, count, &call.error);
  Status status = item ? settle_generation(skein, &call.error) : call.error.status;
  if (status == STATUS_OK)
    status = predictor_open(&p, &skein->base, skein->router, NULL, &skein->settings, &call.error);
  if (status == STATUS_OK)
    status = predict_texts(p, &(Asking){0}, item, (int64_t)count, texts, &call.error);
  predictor_close(p);
  free_items(item, count);
  return call_end(&call, status, error);
}

void skein_texts_free(char **texts, size_t count) {
  for (size_t i = 0; i < count; i++) free(texts[i]);
}

#include <stdlib.h>
#include <string.h>

#include "infer/metric/metric_internal.h"
#include "infer/metric/metric_text.h"

static Status squad_words(Words *w, const char *text, Lexicon *lexicon, Error *err) {
  char *plain = text_squad(text);
  if (!plain) return error_set(err, STATUS_RUN, "out of memory: a text");
  Status status = words_split(w, plain, lexicon, err);
  free(plain);
  return status;
}

/* Harmonic mean of common / a and common / b; 0 where nothing is common. */
static double bag_f1(size_t common, size_t a, size_t b) {
  return common ? 2 * (double)common / (double)(a + b) : 0;
}

typedef struct SquadScores {
  double em, f1;
} SquadScores;

static Status score_squad(const char *prediction, const char *target, SquadScores *out,
                          Error *err) {
  Lexicon lexicon = {0};
  Words a = {0}, b = {0};
  size_t common = 0;
  Status status = squad_words(&a, prediction, &lexicon, err);
  if (status == STATUS_OK) status = squad_words(&b, target, &lexicon, err);
  if (status == STATUS_OK) status = words_common(&a, &b, 1, 1, &common, err);
  if (status == STATUS_OK) {
    out->em = a.count == b.count && memcmp(a.id, b.id, a.count * sizeof *a.id) == 0;
    out->f1 = bag_f1(common, a.count, b.count);
  }
  words_free(&a);
  words_free(&b);
  lexicon_free(&lexicon);
  return status;
}

Status metric_squad_em(const char *prediction, const char *target, double *score, Error *err) {
  SquadScores s = {0};
  Status status = score_squad(prediction, target, &s, err);
  *score = s.em;
  return status;
}

Status metric_squad_f1(const char *prediction, const char *target, double *score, Error *err) {
  SquadScores s = {0};
  Status status = score_squad(prediction, target, &s, err);
  *score = s.f1;
  return status;
}

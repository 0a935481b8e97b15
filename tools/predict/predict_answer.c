#include "tools/predict/predict_answer.h"

#include <stdlib.h>
#include <string.h>

#include "data/examples/sequence.h"

Status predict_answer(Predictor *p, const Asking *asking, const Item *item, bool scored,
                      char **answer, Error *err) {
  if (!scored) return predict_texts(p, asking, item, 1, answer, err);
  Score score;
  TRY(predict_scores(p, asking, item, 1, &score, err));
  *answer = strdup(item->choice[score.prediction]);
  score_free(&score);
  return *answer ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: an answer");
}

Status predict_row_ids(const Tokenizer *t, const char *text, int64_t most, int64_t rows,
                       int32_t **ids, Error *err) {
  int64_t count;
  TRY(sequence_encode(t, text, most, ids, &count, err));
  if (count == rows) return STATUS_OK;
  free(*ids);
  *ids = malloc((size_t)(rows + 1) * sizeof **ids);
  if (!*ids) return error_set(err, STATUS_RUN, "out of memory: the tokens of a text");
  for (int64_t i = 0; i < rows; i++) (*ids)[i] = -1;
  return STATUS_OK;
}

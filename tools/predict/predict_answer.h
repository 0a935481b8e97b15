/* predict_answer: one item answered, and what the model's rows stand for. */
#ifndef SKEIN_PREDICT_ANSWER_H
#define SKEIN_PREDICT_ANSWER_H

#include "infer/predict/predict.h"

/* The choice that is predicted (`scored`), or the text that is generated; owned by the caller. */
Status predict_answer(Predictor *p, const Asking *asking, const Item *item, bool scored,
                      char **answer, Error *err);

/* The ids [rows] that a model had as rows of a text cut to `most`, in a buffer that the caller frees.
 * A text generated may have tokens that are not those it is read as, and its end is as far as it was
 * decoded: where the numbers differ, all are -1. */
Status predict_row_ids(const Tokenizer *t, const char *text, int64_t most, int64_t rows,
                       int32_t **ids, Error *err);

#endif

/* predict_trace: the experts that each token of one item went to, as a file:
 *
 *   {"task", "method", "pool", "experts": [names],
 *    "encoder": [{"token": text, "weight": [E]}], "decoder": the same}
 *
 * A weight is the mean over modules of what was planned for the token. A token of the decoder is
 * the one that its row predicts: of the predicted choice, or generated. */
#ifndef SKEIN_PREDICT_TRACE_H
#define SKEIN_PREDICT_TRACE_H

#include "infer/predict/predict.h"

typedef struct TraceRequest {
  const Base *base;
  Pool *pool;
  Router *router;
  const PredictSettings *settings;
  const char *task, *method; /* for the file */
  const char *path;
} TraceRequest;

/* Answers the item anew, by its choices when `scored`. */
Status predict_trace(const TraceRequest *r, const Asking *asking, const Item *item, bool scored,
                     Error *err);

#endif

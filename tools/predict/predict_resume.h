/* predict_resume: the lines of an output that a run which ended too early has left (kept.h). */
#ifndef SKEIN_PREDICT_RESUME_H
#define SKEIN_PREDICT_RESUME_H

#include "tools/predict/predict_parts.h"
#include "tools/predict/predict_tally.h"

/* Opens o->output to go on with; *done: the lines that are there, those of the first items, which are
 * counted in the tally. What does not say that it is of its item is cut off, and with statistics
 * (--stats), which are of all tokens, everything is; both are said. */
Status predict_resume(AtomicFile *file, PredictParts *p, const PredictOptions *o, Tally *tally,
                      int64_t *done, Error *err);

#endif

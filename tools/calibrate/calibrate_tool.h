/* calibrate_tool: the scores of a router measured over some text.
 *
 * The room tools/calibrate owns `skein calibrate`: the items that are read, and the file that is made of
 * them. What is measured, and how it is used, is infer/route's (calibration.h, score_sums.h). */
#ifndef SKEIN_CALIBRATE_TOOL_H
#define SKEIN_CALIBRATE_TOOL_H

#include "tools/predict/predict_options.h"

/* Reads the items that the options name with the base alone and writes o->output; says what was
 * measured. */
Status calibrate_run(const PredictOptions *o, Error *err);

#endif

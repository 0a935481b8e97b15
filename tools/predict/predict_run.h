/* predict_run: answers the items of a file, a chunk at a time, a line for each.
 *
 * The room tools/predict owns what score and generate share, and their benchmarks with them: the
 * options (predict_options.h), the parts that these name, the files that are written. How an item
 * is answered is infer/predict's; what a line says is the command's. */
#ifndef SKEIN_PREDICT_RUN_H
#define SKEIN_PREDICT_RUN_H

#include "tools/predict/predict_options.h"
#include "tools/predict/predict_tally.h"

/* Where answers go. */
typedef struct PredictOut {
  FILE *lines;
  Tally tally; /* of choices */
} PredictOut;

/* Answers n items and writes a line for each, in order. */
typedef Status PredictAnswer(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                             PredictOut *out, Error *err);

/* Opens everything that the options name, then answers. `label` names the command for the person at
 * the terminal.
 *
 * Printed lines are handed over after each chunk; what comes through a pipe is answered as it comes,
 * and when whoever reads the lines has left, that is the end (STATUS_UNREAD). Lines of --output
 * outlive what ends the run, and the same command goes on behind them (predict_resume.h). */
Status predict_run(const PredictOptions *o, const char *label, PredictAnswer *answer, Error *err);

/* A JSON object as one line; steals the reference. NULL is out of memory. */
Status predict_write_line(json_t *line, FILE *out, Error *err);

#endif

/* report: "is my gate trained?" The gate report of one expert. */
#ifndef SKEIN_REPORT_H
#define SKEIN_REPORT_H

#include <stdio.h>

#include "infer/expert/gate.h"
#include "train/evaluate.h"
#include "train/extension.h"
#include "train/metrics_row.h"
#include "train/verdict.h"

typedef struct GateReport {
  bool held_out;            /* losses are on validation examples; false: on training examples */
  int64_t examples, tokens; /* of the probe; tokens are target tokens */
  double loss[GATE_STATES]; /* nats a target token */
  int modules;              /* gates */
  double moved;             /* share of modules with v != 0 */
  double shifted;           /* share whose mean gate value left 1/2 by more than SHIFT */
  double openness;          /* mean gate value over modules */
  double openness_min, openness_max;                       /* over modules */
  double norm_min, norm_median, norm_max;                  /* of v over modules */
  double group_openness[T5_GROUPS], group_norm[T5_GROUPS]; /* means; NaN: no gate */
  Verdict verdict;
  Extensions extended; /* of the run */
} GateReport;

#define REPORT_SHIFT 0.01

/* The gates of an expert at work. All is borrowed. */
typedef struct GatedExpert {
  T5 *model;
  const Expert *expert;
  const Gate *gate;
  const AdapterSet *adapters; /* the expert behind its gates */
  GateStats *stats;           /* [modules.count] filled by every forward with them */
} GatedExpert;

/* Measures the gates on the probe, and takes the curve up to step `steps`, which they are of, from
 * the metrics in the run directory `dir`. They are left as they are; the statistics are those of
 * the probe. */
Status report_make(GateReport *r, const GatedExpert *e, const Probe *probe, Stepper *s,
                   const char *dir, int64_t steps, Error *err);

/* Writes report.txt and report.json into the run directory; *text is the former, which the caller
 * frees. */
Status report_save(const GateReport *r, const char *dir, char **text, Error *err);

/* Mean gate value and norm of v a module group, from the statistics of the last forwards. */
void report_groups(const GatedExpert *e, double openness[T5_GROUPS], double norm[T5_GROUPS]);

#endif

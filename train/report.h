/* report: "is my gate trained?" The gate report of one expert. */
#ifndef SKEIN_REPORT_H
#define SKEIN_REPORT_H

#include <stdio.h>

#include "train/evaluate.h"
#include "train/metrics.h"

typedef struct GateReport {
  bool held_out;            /* losses are on validation examples; false: on training examples */
  int64_t examples, tokens; /* of the probe; tokens are target tokens */
  double loss_base;         /* nats a target token: the base without the expert */
  double loss_removed;      /* the expert without gates, sigma = 1 */
  double loss_zero;         /* the gates as they start, v = 0, sigma = 1/2 */
  double loss_trained;      /* the trained gates */
  int modules;              /* gates */
  double moved;             /* share of modules with v != 0 */
  double shifted;           /* share whose mean gate value left 1/2 by more than SHIFT */
  double openness;          /* mean gate value over modules */
  double openness_min, openness_max;                               /* over modules */
  double norm_min, norm_median, norm_max;                          /* of v over modules */
  double group_openness[METRIC_GROUPS], group_norm[METRIC_GROUPS]; /* means; NaN: no gate */
  bool trained; /* the verdict: every gate moved and the loss beats the zero gate */
} GateReport;

#define REPORT_SHIFT 0.01

/* Measures the gates of a gate objective on the probe. The gates are left as they are. */
Status report_make(GateReport *r, const Objective *o, const Probe *probe, Stepper *s, Error *err);

/* The report for people. */
void report_print(const GateReport *r, FILE *out);
/* Writes report.txt and report.json into the run directory. */
Status report_save(const GateReport *r, const char *dir, Error *err);

/* Mean gate value and norm of v a module group, from the statistics of the last forwards. */
void report_groups(const Objective *o, double openness[METRIC_GROUPS], double norm[METRIC_GROUPS]);

#endif

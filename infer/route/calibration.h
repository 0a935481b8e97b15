/* calibration: scores of experts made comparable. Where one expert's scores are larger than another's
 * on any text, a router by the largest score prefers it on any text. With the mean and the standard
 * deviation of the scores of expert i at module m over some text
 *
 *   z = (s - mean_im) / deviation_im
 *
 * takes the place of s before anything is added to it or a softmax is taken of it (SEQR, which
 * calibrates norms so; arXiv 2509.18093). A score that never varied has the deviation 0 and is z = 0.
 *
 * A file of them (skein calibrate; calibration_file_write) is of safetensors with two tensors
 * [modules] an expert, F32, in the order of the base's modules, 0 where it has no adapter
 *
 *   <expert>.mean, <expert>.deviation
 *
 * and in __metadata__
 *
 *   KEY            VALUE
 *   format         "skein-calibration"
 *   version        "1"
 *   base           fingerprint of the pool's base
 *   scores         what was measured: the name of a ScoreKind
 *   data           SHA-256 of the text that it was measured on
 *   items          how many of it
 *   file.<expert>  SHA-256 of the expert's file that its scores are computed from */
#ifndef SKEIN_CALIBRATION_H
#define SKEIN_CALIBRATION_H

#include "infer/pool/pool.h"
#include "infer/route/router_settings.h"

/* Scores of rows that a calibration can be of: what they are called, and which file of an expert they
 * are computed from. */
typedef struct ScoreKind {
  const char *name;
  PoolFile file;
} ScoreKind;

typedef struct CalibrationSettings {
  char *file; /* calibration; NULL: scores are taken as they are */
} CalibrationSettings;
extern const SettingsGroup calibration_settings;

typedef struct Calibration {
  int experts, modules;
  float *mean, *factor; /* [modules, experts]; factor = 1 / deviation, 0 where that is 0 */
} Calibration;

/* Reads the file that the settings name, if they do, for scores of this kind: *c, else NULL.
 * STATUS_MISMATCH: it is of other scores, another base, or an expert that it lacks or whose file
 * changed since; STATUS_INPUT: it is no such file. */
Status calibration_open(Calibration **c, const RouterSettings *s, const Pool *pool,
                        const ScoreKind *scores, Error *err);
void calibration_close(Calibration *c); /* NULL is allowed */

/* The score of an expert at a module in its own deviations; `c` NULL: as it is. */
static inline float calibrated(const Calibration *c, int module, int expert, float score) {
  if (!c) return score;
  int64_t at = (int64_t)module * c->experts + expert;
  return (score - c->mean[at]) * c->factor[at];
}

/* What a file is written of; mean and deviation [experts, modules]. */
typedef struct CalibrationMade {
  const Pool *pool;
  const ScoreKind *scores;
  const float *mean, *deviation;
  const char *data; /* SHA-256 */
  int64_t items;
} CalibrationMade;
Status calibration_write(const CalibrationMade *made, const char *path, Error *err);

#endif

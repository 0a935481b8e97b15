#include "optim/clip.h"

float clip_factor(double norm, double max_norm) {
  if (max_norm == 0) return 1;
  double factor = max_norm / (norm + 1e-6);
  return factor >= 1 ? 1 : (float)factor; /* NaN stays NaN */
}

#include "optim/schedule.h"

#include <math.h>

int64_t schedule_warmup(double warmup_ratio, int64_t steps) {
  return (int64_t)(warmup_ratio * (double)steps);
}

double schedule_factor(ScheduleKind kind, int64_t step, int64_t steps, int64_t warmup) {
  if (step < warmup) return (double)step / (double)warmup;
  if (kind == SCHEDULE_CONSTANT) return 1;
  if (step >= steps) return 0;
  double span = (double)(steps - warmup); /* > 0, as warmup <= step < steps */
  if (kind == SCHEDULE_LINEAR) return (double)(steps - step) / span;
  return (1 + cos(M_PI * (double)(step - warmup) / span)) / 2;
}

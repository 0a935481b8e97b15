/* schedule: the learning-rate factor of a step, as transformers.get_constant_schedule_with_warmup
 * and its linear and cosine companions, which PHATGOOSE and GLIDER train with. Steps count from 0;
 * during warm-up the factor is step / warmup, so the very first update has learning rate 0. */
#ifndef SKEIN_SCHEDULE_H
#define SKEIN_SCHEDULE_H

#include <stdint.h>

typedef enum ScheduleKind { SCHEDULE_CONSTANT, SCHEDULE_LINEAR, SCHEDULE_COSINE } ScheduleKind;

/* int(warmup_ratio * steps), the truncation of the reference. */
int64_t schedule_warmup(double warmup_ratio, int64_t steps);

/* After warm-up: constant 1; linear (N - step) / (N - warmup); cosine (1 + cos(pi p)) / 2 with
 * p = (step - warmup) / (N - warmup). Never below 0. */
double schedule_factor(ScheduleKind kind, int64_t step, int64_t steps, int64_t warmup);

#endif

/* bench_train: the gate-training step on random weights of a named shape. */
#ifndef SKEIN_BENCH_TRAIN_H
#define SKEIN_BENCH_TRAIN_H

#include "autograd/tensor.h"

typedef struct BenchSpec {
  const char *shape; /* t5_config_named */
  int64_t threads, max_tokens, steps, rank;
  Dtype dtype; /* storage of the base */
  bool recompute;
  Precision precision;
} BenchSpec;

typedef struct BenchResult {
  int64_t input_tokens, target_tokens; /* of one step */
  double fma_rate;                     /* flops a second, the mean of before and after */
  double step_seconds;                 /* median, after one step that warms memory */
  double flops;                        /* that one step needs; see `skein bench --help` */
  double peak_bytes, weight_bytes;     /* resident at most; held by the base */
} BenchResult;

Status bench_train(const BenchSpec *spec, BenchResult *result, Error *err);

#endif

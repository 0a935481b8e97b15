/* pooling: one vector of the states of a text's tokens, as sentence-transformers makes it.
 *
 *   MODE                  OF STATES h_1 .. h_T, [CLS] and [SEP] among them
 *   cls                   h_1
 *   max                   the largest of each coordinate
 *   mean                  (1/T) sum_t h_t
 *   mean_sqrt_len_tokens  (1/sqrt T) sum_t h_t
 *   weightedmean          sum_t t h_t / sum_t t
 *   lasttoken             h_T
 *
 * Several modes are put side by side. Without `include_prompt` the tokens of a prefix are left out,
 * [CLS] too; the others keep their t. (1_Pooling/config.json: "pooling_mode", a name or a list; or
 * switches "pooling_mode_cls_token" and so on, in the order of the table.) */
#ifndef SKEIN_POOLING_H
#define SKEIN_POOLING_H

#include <stdbool.h>
#include <stdint.h>

#include "autograd/ground/status.h"
#include "data/text/json.h"

typedef enum PoolingMode {
  POOLING_CLS,
  POOLING_MAX,
  POOLING_MEAN,
  POOLING_MEAN_SQRT,
  POOLING_WEIGHTED,
  POOLING_LAST,
  POOLING_MODES
} PoolingMode;

typedef struct Pooling {
  PoolingMode mode[POOLING_MODES];
  int modes;
  bool include_prompt;
} Pooling;

extern const Pooling POOLING_DEFAULT; /* mean */

/* Reads a configuration; states have `width` columns (STATUS_MISMATCH: it says another number). */
Status pooling_read(Pooling *p, const JsonDoc *doc, int64_t width, Error *err);

/* out [modes * width] of the states [tokens, width], tokens >= 1, of which the first `skip` are of
 * a prefix. */
void pooling_apply(const Pooling *p, const float *states, int64_t tokens, int64_t width,
                   int64_t skip, float *out);

#endif

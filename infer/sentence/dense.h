/* dense: the step Dense of sentence-transformers: y = act(x W^T + b) of pooled vectors. */
#ifndef SKEIN_DENSE_H
#define SKEIN_DENSE_H

#include "data/tensors/weights.h"
#include "data/text/json.h"
#include "infer/sentence/affine.h"

typedef struct Dense {
  Weights *weights;
  Affine linear;
  Act act;
  bool identity; /* no activation */
} Dense;

/* Opens config.json and weights of a folder. STATUS_INPUT, by name: an activation or an option that
 * is not computed. The weights are the caller's to close, whatever is returned. */
Status dense_open(Dense *d, const char *folder, Error *err);
/* x [n, d_in], y [n, d_out] */
Tensor *dense_forward(Context *c, Dense *d, Tensor *x);

/* STATUS_INPUT where a module reads or writes something else than the vectors of texts
 * ("module_input_name", "module_output_name"). */
Status dense_check_names(const JsonDoc *doc, Error *err);

#endif

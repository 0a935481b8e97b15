/* t5_layout: names, shapes and initial spread of the weights of a T5, as one walk over the model.
 * Opening, random initialisation, saving, fingerprints and the list of linears all read the table
 * that it leaves behind. Inside of infer/t5/t5*; others use infer/t5/t5.h. */
#ifndef SKEIN_T5_LAYOUT_H
#define SKEIN_T5_LAYOUT_H

#include "infer/t5/t5.h"

/* From model->config, makes the stacks, the linears (in module order) and the table of tensors (in
 * name order). Every tensor gets its shape and no values. `own_head`: with lm_head.weight. On
 * failure the model is left to t5_close. */
Status t5_layout(T5 *model, bool own_head, Error *err);

#endif

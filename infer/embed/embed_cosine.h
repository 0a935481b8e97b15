/* embed_cosine: the parts of the cosine <a, b> / (max(|a|, 1e-8) max(|b|, 1e-8)) as
 * torch.cosine_similarity has it, which GLIDER's code compares instructions with. */
#ifndef SKEIN_EMBED_COSINE_H
#define SKEIN_EMBED_COSINE_H

#include <stdint.h>

double embed_dot(const float *a, const float *b, int64_t n);
double embed_norm(const float *a, int64_t n); /* max(|a|, 1e-8) */

#endif

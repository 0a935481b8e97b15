/* shares: which examples go to which expert, by how likely their targets are under each. */
#ifndef SKEIN_SHARES_H
#define SKEIN_SHARES_H

#include <stdbool.h>
#include <stdint.h>

#include "autograd/ground/status.h"

/* What one expert gets. */
typedef struct Share {
  int64_t examples;
  int64_t tied;     /* of them, those that go to others, too */
  int64_t unhelped; /* of them, those whose targets are at least as likely under the base alone */
  double margin;    /* median over them of the least loss of the other experts less its own, nats a
                       token; NaN where there are no others, or no examples */
} Share;

typedef struct Shares {
  Share *share; /* [experts] */
  bool *gets;   /* [experts, examples] */
  int experts;
  int64_t examples, tied, unhelped; /* of all examples, each once */
} Shares;

/* Divides the examples: each goes to every expert whose loss is at most `within` above the least,
 * which is at least one. `loss` [experts, examples] nats a token, all finite, `base` [examples] of
 * the base alone. Free with shares_free; on failure *s is zeroed. */
Status shares_divide(Shares *s, const double *loss, const double *base, int experts,
                     int64_t examples, double within, Error *err);
void shares_free(Shares *s); /* a zeroed Shares is allowed */

static inline bool shares_gets(const Shares *s, int expert, int64_t example) {
  return s->gets[expert * s->examples + example];
}

#endif

/* foundation: what a run stands on: a base and, where there is one, an expert of it, both frozen,
 * with the fingerprints that say so. */
#ifndef SKEIN_FOUNDATION_H
#define SKEIN_FOUNDATION_H

#include "infer/expert/expert.h"
#include "infer/t5/base.h"

typedef struct Foundation {
  Base base;
  Expert expert;              /* zeroed: none */
  char base_hash[HASH_HEX];   /* fingerprint of the frozen base; "" when it is learnt */
  char expert_hash[HASH_HEX]; /* fingerprint of the expert, or of a pool of them, whose files are
                                 compared as it is opened; "" when there is none */
} Foundation;

/* Opens a base and an expert of it (NULL: none). On failure foundation_close frees the rest. */
Status foundation_open(Foundation *f, const char *base, const char *expert, Error *err);
void foundation_close(Foundation *f); /* a zeroed Foundation is allowed */

/* STATUS_RUN unless what is frozen still has the bits it was opened with. */
Status foundation_check(const Foundation *f, Error *err);

#endif

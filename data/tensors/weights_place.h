/* weights_place: which file of a directory has its weights. Internal to weights.c. */
#ifndef SKEIN_WEIGHTS_PLACE_H
#define SKEIN_WEIGHTS_PLACE_H

#include <stdbool.h>

#include "autograd/ground/status.h"

typedef struct WeightsPlace {
  char *path;         /* of the file or index; owned */
  bool index;         /* an index of shards */
  const char *passed; /* a name that would have been taken if that were not there; NULL: none */
} WeightsPlace;

/* The first that is there of the names that weights.h gives, for a model or an adapter; safetensors
 * come first, for nothing of them need be run or copied. STATUS_INPUT where none is there. On
 * failure *p is zeroed. */
Status weights_place_find(WeightsPlace *p, const char *dir, bool adapter, Error *err);
void weights_place_free(WeightsPlace *p); /* a zeroed WeightsPlace is allowed */

#endif

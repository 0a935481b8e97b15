/* weights_index: the shard index of a checkpoint directory. Internal to weights.c. */
#ifndef SKEIN_WEIGHTS_INDEX_H
#define SKEIN_WEIGHTS_INDEX_H

#include "data/text/json.h"

typedef struct WeightsIndex {
  char *path;
  JsonDoc doc;
  json_t *map;        /* "weight_map": tensor name -> shard name */
  const char **shard; /* distinct shard names in byte order, borrowed from the map */
  size_t count;
} WeightsIndex;

/* Reads and checks an index: every shard is the name of a file beside it. On failure *x is zeroed.
 */
Status weights_index_open(WeightsIndex *x, const char *path, Error *err);
void weights_index_close(WeightsIndex *x); /* a zeroed WeightsIndex is allowed */

/* The shard that the index gives to a tensor; NULL when it does not name the tensor. */
const char *weights_index_shard(const WeightsIndex *x, const char *tensor);

#endif

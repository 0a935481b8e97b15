/* global_vectors: the embeddings of a pool's experts, sorted by expert, ready to be compared. For
 * route_global.c. */
#ifndef SKEIN_GLOBAL_VECTORS_H
#define SKEIN_GLOBAL_VECTORS_H

#include "infer/embed/embed.h"
#include "infer/route/route_global.h"

typedef struct GlobalVectors {
  int experts;
  Embeddings rows;
  float *mean;      /* [experts, rows.dim] in the place of rows; NULL: each row by itself */
  int64_t *begin;   /* [experts + 1] of order */
  int64_t *order;   /* rows by expert; rows of experts that are not opened are left out */
  double *norm;     /* [rows.count], of means [experts] */
  char *kept;       /* where vectors were made: the names of the embedders of which the pool keeps
                       some, all others than this; NULL: none */
  int64_t compared; /* the leading coordinates that are compared: all, or all but the last */
} GlobalVectors;

/* Reads or makes the vectors of the pool's experts for this embedder. Free with global_vectors_free
 * whatever is returned. */
Status global_vectors_open(GlobalVectors *v, Embedder *embedder, const Pool *pool, GlobalBy by,
                           bool drop_last, Error *err);
void global_vectors_free(GlobalVectors *v); /* a zeroed GlobalVectors is allowed */

/* The largest cosine of the query [rows.dim], whose norm is given, over the rows of one expert, or
 * that with their mean. */
double global_vectors_cosine(const GlobalVectors *v, int64_t expert, const float *query,
                             double norm);

#endif

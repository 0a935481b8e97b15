/* glider_world: a pool of three experts and the global part of its routing, for tests. */
#ifndef SKEIN_TESTS_GLIDER_WORLD_H
#define SKEIN_TESTS_GLIDER_WORLD_H

#include "infer/embed/embed_pool.h"
#include "infer/pool/pool.h"
#include "infer/route/method_glider.h"
#include "infer/route/route_global.h"
#include "tests/scratch.h"

enum { GLIDER_EXPERTS = 3 }; /* "sort", "count", "rhyme" */

typedef struct GliderWorld {
  Scratch *s;
  T5 *model;
  Pool *pool;
} GliderWorld;

/* Writes the pool into the scratch directory, as "pool", and opens it or the part `only` of it. */
GliderWorld glider_world(Scratch *s, const char *only);
void glider_world_close(GliderWorld *w);

/* What the global part of GLIDER is opened with, and how it mixes. */
typedef struct GliderMixing {
  GlobalSettings global;
  GliderSettings rule;
} GliderMixing;

/* By lexical embeddings, at this scale. */
GliderMixing glider_mixing(double scale);
GlobalRouter *glider_open(const GliderWorld *w, const GliderMixing *s);
/* Opening fails with this status, and the words are in the message. */
void glider_refused(const GliderWorld *w, const GliderMixing *s, Status status, const char *words);

/* What is added for a query, of as many experts as are opened. */
void glider_bias_of(const GliderWorld *w, GlobalRouter *g, const GliderMixing *s, RouteQuery q,
                    float *bias);
int32_t glider_nearest(GlobalRouter *g, RouteQuery q);

/* Writes vectors [rows, dim] with names into a file of the scratch directory; `text`: what the
 * first is of, or NULL. */
void glider_write_vectors(Scratch *s, const char *file, const char *embedder,
                          const char *const *name, const float *vector, int64_t rows, int64_t dim,
                          const char *text);

#endif

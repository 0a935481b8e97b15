/* spread: the instructions of several names, embedded, and how far they are apart. */
#ifndef SKEIN_SPREAD_H
#define SKEIN_SPREAD_H

#include "infer/embed/embed.h"
#include "infer/instruct/dispersion.h"

/* Who makes one fills name, text, begin and names, three arrays that spread_free frees; the texts
 * are borrowed. */
typedef struct Spread {
  const char **name; /* [names] */
  const char **text; /* [begin[names]] those of a name one after the other */
  int *begin;        /* [names + 1] */
  int names;
  Embedder *embedder;
  float *vector;     /* [begin[names], dim] */
  Dispersion *found; /* [names] */
} Spread;

/* Embeds and measures; the texts are the corpus of `lexical`. */
Status spread_measure(Spread *s, EmbedderSpec spec, Error *err);
NamedVectors spread_vectors(const Spread *s); /* of a measured one */
void spread_free(Spread *s);                  /* a zeroed Spread is allowed */

#endif

/* merge_method: a method of merging, and one module at work. Inside of infer/merge. */
#ifndef SKEIN_MERGE_METHOD_H
#define SKEIN_MERGE_METHOD_H

#include "infer/merge/merge.h"
#include "infer/merge/sparse.h"
#include "infer/merge/spectrum.h"

/* An expert that covers the module. */
typedef struct MergeTerm {
  int expert;
  LowRank f;
  double weight;      /* w of w s B A */
  double coefficient; /* w s, rounded once */
} MergeTerm;

typedef struct MergeWork {
  const MergeSettings *settings;
  const struct MergeMethod *method;
  Pool *pool;
  Merged *merged;
  double *weight;       /* [experts] as given; NULL: the method's own */
  Largest *largest;     /* [experts] of scope expert; NULL */
  int64_t peft_rank;    /* of compat peft: the rank that PEFT's new adapter has, and its scale */
  float scale;          /* of every merged update; 1 but for PEFT's */
  const Module *module; /* at hand */
  MergeTerm *term;      /* [terms] */
  int terms;
  int64_t ranks, rank_most; /* of the terms: their sum, the largest */
} MergeWork;

typedef struct MergeMethod {
  const char *name, *help, *source;
  Status (*merge)(MergeWork *w, Error *err); /* the module at hand, whose terms are all LoRAs */
  bool mean;   /* a weight is 1 / n of n experts that cover the module; otherwise 1 */
  bool sums;   /* it is sum_i w_i delta_i, which (IA)3 have too */
  bool ranked; /* merge.rank is read */
  Prune prune; /* of sparse sums */
  bool elect;
  bool peft; /* PEFT has it; with `factors` as sparse sums of A and of B */
  bool factors;
} MergeMethod;

const MergeMethod *merge_method(int index);
const MergeMethod *merge_peft_alone(void); /* PEFT's of one adapter: linear */

/* Merges all modules of a pool. */
Status merge_run(Merged *m, Pool *pool, const MergeSettings *settings, const MergeMethod *method,
                 Error *err);

/* Methods: a module at hand. */
Status merge_cat(MergeWork *w, Error *err);
Status merge_linear(MergeWork *w, Error *err);
Status merge_svd(MergeWork *w, Error *err);
Status merge_iso(MergeWork *w, Error *err);
Status merge_tsv(MergeWork *w, Error *err);
Status merge_dense(MergeWork *w, Error *err);
/* The same arithmetic on A and on B apart, as PEFT has it. */
Status merge_peft(MergeWork *w, Error *err);

/* merge_dense.c: thresholds over whole experts, into w->largest. */
Status merge_thresholds(MergeWork *w, Error *err);
/* merge_peft.c: what PEFT refuses is refused; the rank and the scale of its new adapter. */
Status merge_peft_begin(MergeWork *w, Error *err);

/* merge_slot.c */

/* The stream of DARE of an expert at a module; `part`: 0 the update, 1 A, 2 B. */
uint64_t merge_stream(const MergeWork *w, int expert, const Module *module, int part);

/* Results: the slot of the module at hand. */

/* Makes A [rank, d_in] and B [d_out, rank], zeroed. */
Status merge_slot(MergeWork *w, int64_t rank, Error *err);
/* to [n] = from [n], of which a number beyond f32 is infinite: merge_run refuses it. */
void merge_narrow(float *to, const double *from, int64_t n);
/* The `rank` largest singular directions, or as many as there are. */
Status merge_put(MergeWork *w, const Spectrum *s, int64_t rank, Error *err);

#endif

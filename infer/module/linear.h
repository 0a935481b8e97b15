/* linear: the keyhole. Every adaptable linear of a model goes through linear_forward:
 * y = W x + adapter(x). Models know no experts and experts no model; they meet in an AdapterSet: a
 * table with one slot a linear, for one expert, or a function, for a pool behind a router. */
#ifndef SKEIN_LINEAR_H
#define SKEIN_LINEAR_H

#include "autograd/op/ops.h"
#include "infer/module/modules.h"

/* A module and its weight. */
typedef struct Linear {
  const Module *module;
  Tensor weight; /* [d_out, d_in] */
} Linear;

/* The example that each row of an activation belongs to. */
typedef struct Rows {
  Ragged sequence;       /* the rows of each sequence */
  const int64_t *source; /* [sequence.count] the example of each sequence; NULL: its own index */
} Rows;

/* Vectors [n, d_in] whose products z [T, n] with x adapters want at `module`, which are made beside
 * those with its weight; NULL: none. */
typedef Tensor *AdapterVectors(void *arg, const Module *module);

/* Adds to y [T, d_out] what adapters make of x [T, d_in], the input of `module`, and of z (NULL:
 * they asked for none), which is theirs to change. Failures go to the context's error. Nothing is
 * recorded: there must be no tape. */
typedef void AdapterAdd(Context *c, void *arg, const Module *module, const Rows *rows,
                        const Tensor *x, Tensor *z, Tensor *y);

/* Fills y [T, d_out] at a linear whose input adapters change: W times what they make of x, and what
 * they add. Otherwise as AdapterAdd. */
typedef void AdapterRun(Context *c, void *arg, const Linear *linear, const Rows *rows,
                        const Tensor *x, Tensor *z, Tensor *y);
/* Whether that is so at `module`. */
typedef bool AdapterRuns(void *arg, const Module *module);

/* What is made of each linear: its slot, then what `add` adds, or all by `run`. */
typedef struct AdapterSet {
  Adapter *slot; /* [count], by Module.id; NULL: no slots */
  int count;
  AdapterAdd *add;         /* NULL: nothing */
  AdapterVectors *vectors; /* of `add` and `run`; NULL: none */
  AdapterRuns *runs;       /* NULL: nowhere */
  AdapterRun *run;         /* in the place of slot and `add`, where `runs` says so */
  void *arg;               /* of all of them */
} AdapterSet;

enum { LINEAR_TOGETHER = LINEAR_MAX / 2 };

/* y[i] [T, d_out] of `n` linears of one x, at most LINEAR_TOGETHER; NULL where the context failed.
 */
void linear_forward_all(Context *c, Linear *const *linear, int n, const AdapterSet *adapters,
                        const Rows *rows, Tensor *x, Tensor **y);

/* y [T, d_out] from x [T, d_in]; `adapters` NULL: the plain base. */
Tensor *linear_forward(Context *c, Linear *linear, const AdapterSet *adapters, const Rows *rows,
                       Tensor *x);

#endif

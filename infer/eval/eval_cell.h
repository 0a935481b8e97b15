/* eval_cell: one (task, method) of an evaluation, and its files. The same settings make the same
 * bytes: what a clock says is in a file apart (eval_timing.h).
 *
 *   OUTPUT/cells/<method>/<task>.json          the cell, written last and removed first: with it the
 *                                              cell is finished
 *                         <task>.jsonl         one line an item: id, prediction, scores, loglik,
 *                                              label, right; or id, output; and what its metrics
 *                                              made of it: metrics, sums (eval_lines.h)
 *                         <task>.routing.json  routing statistics (routing_stats.h)
 *
 * <task>.json:
 *
 *   KEY                  VALUE
 *   format, version      "skein-cell", 1
 *   skein                version of the program that computed it
 *   task, group, method  names
 *   settings             {key: value} of the router, those that matter
 *   labels               {name: value}, where the router stands among others (route_labels.h)
 *   chosen               of a method with `choose`: how its setting was (eval_valid.h)
 *   scores               list of {metric, score, low, high}, percent, with its 95 % interval
 *   items
 *   cost                 what it took (eval_cost.h)
 *   items_sha256         of the task's text
 *   sample_seed          of the items that were asked (eval_sample.h); null: the first, or all
 *   verified             the pool's files were compared with its manifest
 *   identity             SHA-256 of all that the scores depend on (eval_identity.h): a cell with
 *                        another is computed again */
#ifndef SKEIN_EVAL_CELL_H
#define SKEIN_EVAL_CELL_H

#include "infer/eval/eval_spec.h"
#include "infer/predict/predict.h"

#define EVAL_ROUTING_END ".routing" /* of the name of a task's statistics, before .json */

typedef struct CellScore {
  Metric metric;
  double score;
  Interval interval;
} CellScore;

/* What a cell took beside time: rows of the encoder and the decoder, what the base's own weights
 * multiplied (t5_weight_multiply_adds), and what routing added (infer/route/route_cost.h). */
typedef struct CellCost {
  int64_t input_tokens, output_tokens;
  int64_t base;
  RouteWork added;
} CellCost;

/* Seconds by the clock; 0: not known. */
typedef struct CellTiming {
  double answering;   /* the items, once everything was open */
  double preparation; /* to open the method's router, once for all of its cells of a run */
} CellTiming;

typedef enum CellState {
  CELL_UNWANTED, /* no table and no choice needs it */
  CELL_OPEN,     /* to be computed */
  CELL_DONE,
  CELL_FAILED,
} CellState;

typedef struct EvalCell {
  CellState state;
  CellScore score[METRICS];
  int scores;
  int64_t items;
  CellCost cost;
  CellTiming timing;
  bool kept;               /* done, and not in its place (eval_kept.h) */
  bool displaces;          /* a cell of other settings is in its place, which is then kept */
  int answers;             /* the method whose predictions they are: its own, or a rule's choice */
  char expert[256];        /* the one that a rule chose; "" otherwise */
  char identity[HASH_HEX]; /* "" of a rule's cell, which has no files */
  char error[ERROR_TEXT];  /* of a failed cell */
  PredictLoss loss;        /* of a cell that was computed now; in no file */
} EvalCell;

typedef enum CellFile { CELL_JSON, CELL_PREDICTIONS, CELL_ROUTING, CELL_TIMING } CellFile;
/* In a new string; NULL when out of memory. With an identity it is where the cell of that identity
 * is kept (eval_kept.h); NULL: in its place. */
enum { KEPT_ID = 16 };
char *eval_cell_path(const char *output, const char *method, const char *task, const char *identity,
                     CellFile file);

/* What a cell is of. */
typedef struct CellParts {
  const EvalSpec *spec;
  const EvalTask *task;
  const EvalMethod *method;
  const ItemSet *items;
  const int64_t *sample; /* those of the items that are asked (eval_sample.h); NULL: the first */
  /* Identities (eval_identity.h): of the program, of base and tokenizer, of what the method reads of
   * the pool. */
  const char *program, *base, *experts;
} CellParts;

/* Fills the cell from its file, in its place or where it is kept, when there is one of this identity
 * (cell->identity) beside the predictions and, if wanted, the statistics; otherwise the cell stays
 * as it is. No file, one that
 * is no whole cell and a cell of another identity are all the same: nothing to take over. A file
 * that is there and cannot be read is STATUS_INPUT naming it. */
Status eval_cell_read(EvalCell *cell, const CellParts *parts, bool statistics, Error *err);
Status eval_cell_write(const EvalCell *cell, const CellParts *parts, Error *err);

#endif

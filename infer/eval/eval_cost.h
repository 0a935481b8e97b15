/* eval_cost: what cells and methods took beside time: the record of a cell, and the table `costs`.
 *
 *   "cost": {input_tokens, output_tokens      rows of the encoder, and of the decoder with all
 *                                             choices and beams
 *            base_multiply_adds               of the base's own weights, attention left out
 *            routing_multiply_adds            added to choose experts,
 *            expert_multiply_adds             and by the updates of those that were chosen
 *                                             (infer/route/route_cost.h)
 *            read_bytes}                      of the vectors and updates that some token met */
#ifndef SKEIN_EVAL_COST_H
#define SKEIN_EVAL_COST_H

#include <stdio.h>

#include "data/text/json.h"
#include "infer/eval/eval_form.h"
#include "infer/eval/evaluation.h"

json_t *cell_cost_json(const CellCost *cost); /* owned; NULL when out of memory */
Status cell_cost_get(const JsonDoc *cell, CellCost *cost, Error *err);

/* What a method took on the tasks of a group (NULL: all). */
typedef struct MethodCost {
  double tokens;
  double a_token;          /* multiply-adds that are added to those of the base */
  double routing, experts; /* its parts */
  double of_base;          /* their share of the base's, percent */
  int64_t bytes;           /* read on the task where these are most */
  bool known;              /* every cell is done, and counted */
} MethodCost;
MethodCost eval_cost(const Evaluation *e, int method, const char *group);

/* The columns of a cell's cost, each with a comma before it: their names, and values ("" of a cell
 * that is not done). */
void cell_cost_csv_head(FILE *out);
void cell_cost_csv(const EvalCell *cell, FILE *out);

/* The table of the methods that are shown, behind an empty line. Nothing where no cost is known. */
Status eval_costs_put(const Evaluation *e, const TableForm *form, FILE *out, Error *err);

#endif

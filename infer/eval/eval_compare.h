/* eval_compare: methods of finished evaluations compared on the items that they were all asked
 * (infer/metric/paired.h).
 *
 * A row is a pair of methods on a scope: one task, the mean over a group, or the mean over all
 * tasks that both have. It is tested over items, which says how much other items of these tasks
 * would change, and where there are several tasks over tasks, which says how much other tasks
 * would. p are corrected (Holm) over all rows of the same scope; of single tasks, over all of them
 * together. */
#ifndef SKEIN_EVAL_COMPARE_H
#define SKEIN_EVAL_COMPARE_H

#include "infer/eval/eval_compared.h"
#include "infer/metric/paired.h"

typedef struct CompareSettings {
  const char *against;      /* pairs with this method alone; NULL: all pairs */
  const char *group, *task; /* only these tasks; NULL: all */
  bool by_id;               /* tasks of one name are one, whatever files they were read from */
  bool each_task;           /* rows of single tasks, too */
  bool items;               /* list the items on which a pair differs */
  int64_t samples, seed;
} CompareSettings;

typedef enum CompareScope { COMPARE_TASK, COMPARE_GROUP, COMPARE_ALL } CompareScope;

typedef struct CompareRow {
  int a, b; /* methods */
  CompareScope scope;
  const char *name;   /* of the task or the group; of all: "all tasks", or what was asked for */
  const char *metric; /* "accuracy"; NULL where tasks have different ones */
  int tasks;
  int64_t items, won, lost;    /* by a */
  double score_a, score_b;     /* percent, of these items */
  Paired by_item, by_task;     /* by_task where tasks > 1 */
  double item_holm, task_holm; /* p, corrected */
} CompareRow;

typedef struct CompareItem {
  int a, b;
  const char *task, *id;
  double score_a, score_b;
} CompareItem;

typedef struct EvalComparison {
  Compared *of;
  CompareSettings settings;
  CompareRow *row; /* [rows] by pair: single tasks, groups, all */
  int rows;
  CompareItem *item; /* [items] by pair and task */
  int items;
  char **note; /* [notes] what was not compared, and why */
  int notes;
} EvalComparison;

/* STATUS_USAGE for names that are nowhere, STATUS_MISMATCH where nothing can be compared. `of` must
 * outlive it; its lines are read. Free with eval_comparison_free whatever is returned. */
Status eval_comparison_make(EvalComparison *c, Compared *of, const CompareSettings *settings,
                            Error *err);
void eval_comparison_free(EvalComparison *c); /* a zeroed EvalComparison is allowed */

/* The forms. Text, Markdown and LaTeX: of two methods a table by task; of more a matrix of
 * differences and one of p, then the pairs. CSV: a line a row, or an item where items are listed. JSON: everything. */
Status eval_comparison_text(const EvalComparison *c, FILE *out, Error *err);
Status eval_comparison_markdown(const EvalComparison *c, FILE *out, Error *err);
Status eval_comparison_latex(const EvalComparison *c, FILE *out, Error *err);
Status eval_comparison_csv(const EvalComparison *c, FILE *out, Error *err);
Status eval_comparison_json(const EvalComparison *c, FILE *out, Error *err);

#endif

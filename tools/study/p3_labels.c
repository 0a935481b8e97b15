/* Label sets. The rows do not say which templates are classifications, so it is read off their
 * targets: a template is one when it has 2 to LABELS_MOST different targets and each of them
 * answers at least two instances. Its choices are these targets, in the order of their bytes. Where
 * the options differ from row to row they are in the input, and the answer is left to be generated.
 */
#include <stdlib.h>
#include <string.h>

#include "data/text/json_put.h"
#include "tools/study/p3_set.h"

enum { LABELS_MOST = 20 };

static int by_template_target_instance(const void *left, const void *right) {
  const P3Row *const *l = left, *const *r = right, *a = l[0], *b = r[0];
  if (a->template != b->template) return a->template <b->template ? -1 : 1;
  int order = strcmp(a->target, b->target);
  if (order) return order;
  return (a->instance > b->instance) - (a->instance < b->instance);
}

/* The label set of one template's rows, sorted by target and instance; NULL when it has none. */
static json_t *labels_of(const P3Row *const *row, size_t count) {
  json_t *labels = json_array();
  int good = 1;
  size_t end;
  for (size_t begin = 0; begin < count && good; begin = end) {
    for (end = begin + 1; end < count && strcmp(row[end]->target, row[begin]->target) == 0;) end++;
    good = row[begin]->instance != row[end - 1]->instance && json_array_size(labels) < LABELS_MOST;
    json_push(&labels, json_string(row[begin]->target));
  }
  if (good && json_array_size(labels) >= 2) return labels;
  json_decref(labels);
  return NULL;
}

void p3_find_labels(P3Set *set) {
  const P3Row **sorted = study_alloc(set->rows, sizeof *sorted);
  for (size_t i = 0; i < set->rows; i++) sorted[i] = &set->row[i];
  qsort(sorted, set->rows, sizeof *sorted, by_template_target_instance);
  size_t begin = 0;
  for (size_t t = 0; t < set->templates; t++) {
    set->template[t].choices = labels_of(sorted + begin, set->template[t].rows);
    begin += set->template[t].rows;
  }
  free(sorted);
}

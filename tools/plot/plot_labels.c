#include "tools/plot/plot_labels.h"

#include <string.h>

#include "tools/plot/plot_row.h"

enum { COMPARED = 512 }; /* every pair of so many names is looked at; of longer lists none is */

const char *label_of_array(const void *arg, int i) {
  const char *const *name = arg;
  return name[i];
}

/* How many of the names would look like another one. */
static int count_alike(const Labels *l, int head) {
  int alike = 0;
  for (int i = 0; i < l->count; i++) {
    const char *name = l->at(l->arg, i);
    for (int k = 0; k < i; k++) alike += plot_cut_alike(name, l->at(l->arg, k), l->most, head);
  }
  return alike;
}

int labels_head(const Labels *l) {
  int middle = PLOT_MIDDLE(l->most), best = middle;
  int least = l->count <= COMPARED ? count_alike(l, best) : 0;
  for (int i = 2; i < 2 * middle && least > 0; i++) {
    int head = i % 2 ? middle - i / 2 : middle + i / 2 < l->most ? middle + i / 2 : middle;
    int alike = count_alike(l, head);
    if (alike < least) best = head, least = alike;
  }
  return best;
}

void plot_labels(FILE *out, const char *name, const Labels *labels) {
  int longest = 0, head = labels_head(labels);
  PlotRow row = plot_array(out, "%s[%d]", name, labels->count);
  for (int i = 0; i < labels->count; i++) {
    const char *text = labels->at(labels->arg, i);
    int length = plot_characters(text, labels->most);
    longest = length > longest ? length : longest;
    row_tic_cut(&row, text, labels->most, head);
  }
  row_end(&row);
  fprintf(out, "%s_longest = %d\n", name, longest);
}

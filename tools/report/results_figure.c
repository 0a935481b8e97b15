#include "tools/report/results_figure.h"

#include <math.h>
#include <string.h>

#include "tools/plot/plot_text.h"
#include "tools/report/html.h"
#include "tools/report/score_cell.h"

enum {
  WIDTH = 460,
  ROW = 24,
  TOP = 8,
  AXIS = 30,      /* below the rows */
  NUMBER = 46,    /* right of the frame */
  NAME_MOST = 24, /* characters of a method's name */
  CHARACTER = 7,  /* pixels of one, about */
  TICK = 20,      /* percent */
};

/* A panel: a group, or all tasks, which stand behind the last group. */
typedef struct Panel {
  const Results *r;
  int group, left;
  double low, high; /* of the axis, in percent */
} Panel;

static double place(const Panel *p, double score) {
  return p->left + (score - p->low) / (p->high - p->low) * (WIDTH - NUMBER - p->left);
}

static const ResultMean *mean_of(const Panel *p, int method) {
  return &p->r->mean[p->group * p->r->methods + method];
}

static int longest_name(const Results *r) {
  int most = 0;
  for (int m = 0; m < r->methods; m++) {
    int length = plot_characters(r->method[m].name, NAME_MOST);
    most = length > most ? length : most;
  }
  return most;
}

static void put_title(FILE *out, const char *method, const ResultMean *mean) {
  fputs("<title>", out);
  html_text(out, method);
  if (mean->scored) {
    fputs(": ", out);
    score_text_put(out, &(Score){true, true, mean->score, mean->low, mean->high});
  } else {
    fprintf(out, ": no mean, %d task%s without a score", mean->open,
            mean->open == 1 ? " is" : "s are");
  }
  fputs("</title>", out);
}

static void put_method(FILE *out, const Panel *p, int method) {
  const ResultMean *mean = mean_of(p, method);
  const ResultMethod *of = &p->r->method[method];
  fprintf(out,
          "<g class=\"%s\" transform=\"translate(0 %d)\"><rect class=\"hit\" width=\"%d\" "
          "height=\"%d\"/>",
          of->sees_labels ? "method labels" : "method", TOP + method * ROW, WIDTH, ROW);
  fprintf(out, "<text class=\"r\" x=\"%d\" y=\"16\">", p->left - 10);
  html_short(out, of->name, NAME_MOST);
  fputs("</text>", out);
  if (mean->scored) {
    double x = place(p, mean->score);
    if (mean->low < mean->high)
      fprintf(out, "<path class=\"whisker\" d=\"M%.1f 12H%.1fM%.1f 7v10M%.1f 7v10\"/>",
              place(p, mean->low), place(p, mean->high), place(p, mean->low), place(p, mean->high));
    fprintf(out, "<circle cx=\"%.1f\" cy=\"12\" r=\"4\"/>", x);
    fprintf(out, "<text class=\"r\" x=\"%d\" y=\"16\">%.1f</text>", WIDTH - 4, mean->score);
  } else {
    fprintf(out, "<text class=\"r\" x=\"%d\" y=\"16\">–</text>", WIDTH - 4);
  }
  put_title(out, of->name, mean);
  fputs("</g>\n", out);
}

static void put_axis(FILE *out, const Panel *p) {
  int bottom = TOP + p->r->methods * ROW;
  double step = p->high - p->low > 250 ? (p->high - p->low) / 5 : TICK;
  for (int i = 0; i <= (int)((p->high - p->low) / step + 1e-9); i++) {
    double tick = p->low + i * step;
    fprintf(out, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", place(p, tick), TOP, bottom + 4);
    fprintf(out, "<text class=\"m\" x=\"%.1f\" y=\"%d\">", place(p, tick), bottom + 20);
    html_number(out, tick);
    fputs("</text>\n", out);
  }
}

static int count_tasks(const Panel *p) {
  int tasks = 0;
  for (int t = 0; t < p->r->tasks; t++)
    tasks += p->group == p->r->groups || p->r->task[t].group == p->group;
  return tasks;
}

static void put_panel(FILE *out, const Panel *p) {
  const char *name = p->group < p->r->groups ? p->r->group[p->group] : "all tasks";
  int tasks = count_tasks(p), height = TOP + p->r->methods * ROW + AXIS;
  fputs("<figure><figcaption><b>", out);
  html_text(out, name);
  fprintf(out, "</b> <span>%d task%s</span></figcaption>\n", tasks, tasks == 1 ? "" : "s");
  fprintf(out, "<svg class=\"dots\" role=\"img\" viewBox=\"0 0 %d %d\" aria-label=\"means, ", WIDTH,
          height);
  html_text(out, name);
  fputs("\">\n", out);
  put_axis(out, p);
  for (int m = 0; m < p->r->methods; m++) put_method(out, p, m);
  fputs("</svg></figure>\n", out);
}

/* One axis for all panels: 0 to 100, or whole tens around what lies outside of it. */
static void find_range(Panel *p) {
  p->low = 0, p->high = 0;
  for (int i = 0; i < (p->r->groups + 1) * p->r->methods; i++) {
    if (!p->r->mean[i].scored) continue;
    p->low = fmin(p->low, 10 * floor(p->r->mean[i].low / 10));
    p->high = fmax(p->high, 10 * ceil(p->r->mean[i].high / 10));
  }
  if (p->high <= p->low) p->high = p->low + 100;
  if (p->high > 60 && p->high < 100) p->high = 100;
}

/* "exact match", or in words that the tasks have several. */
static void put_metric(FILE *out, const Results *r) {
  const char *metric = r->task[0].metric;
  for (int t = 1; t < r->tasks; t++) {
    if (strcmp(r->task[t].metric, metric) != 0) metric = "each task's first metric";
  }
  html_text(out, metric);
}

void results_figure_put(FILE *out, const Results *r) {
  Panel p = {.r = r, .left = CHARACTER * longest_name(r) + 20};
  bool labels = false;
  find_range(&p);
  for (int m = 0; m < r->methods; m++) labels |= r->method[m].sees_labels;
  fputs("<h3>Results</h3>\n<p class=\"note\">Mean over the tasks of a group, ", out);
  put_metric(out, r);
  fprintf(out, " in percent, with its 95 %% interval.%s</p>\n<div class=\"panels\">\n",
          labels ? " Hollow: rules that see labels." : "");
  int panels = r->groups > 1 ? r->groups + 1 : 1;
  for (p.group = 0; p.group < panels; p.group++) put_panel(out, &p);
  fputs("</div>\n", out);
}

/* The readers of what figures are drawn of. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "tests/fuzz/target.h"
#include "tools/plot/ablation.h"
#include "tools/plot/plot.h"
#include "tools/plot/results_file.h"
#include "tools/plot/routing_file.h"
#include "tools/report/report_page.h"

static void read_routing(const Input *in) {
  Error err = {0};
  RoutingFile f;
  if (!taken(in, routing_file_read(&f, in->path, &err), &err)) return;
  MUST(f.experts > 0 && f.own < f.experts);
  for (int e = 0; e < f.experts && f.modules > 0; e++) {
    for (int what = 0; what < ROUTING_STATISTICS; what++) {
      Spread spread = routing_file_spread(&f, (Statistic)what, e);
      MUST(isfinite(spread.mean) && isfinite(spread.deviation));
    }
  }
  routing_file_free(&f);
}

static void *write_ablation(const char *dir) {
  static const char ROWS[] =
      "method,top_k,group,task,metric,score,low,high,n,examples_per_second,state\n"
      "g,1,talk,mean,rougeL,40,30,50,1,1.5,done\n";
  Error err = {0};
  char *path = place(&(Input){.dir = dir}, "ablation.csv");
  sound(file_write(path, ROWS, sizeof ROWS - 1, &err), &err);
  free(path);
  return NULL;
}

/* Every axis has its curves, which can be printed. */
static void read_ablation(const Input *in) {
  Error err = {0};
  Ablation a;
  char *text = NULL;
  size_t size;
  if (taken(in, ablation_read(&a, in->dir, &err), &err)) {
    FILE *out = open_memstream(&text, &size);
    MUST(out && a.rows > 0);
    for (int axis = 0; axis < a.axes; axis++) {
      Error own = {0};
      Curves c;
      if (taken(in, curves_make(&c, &a, axis, &own), &own)) {
        taken(in, curves_print(&c, &a, out, &own), &own);
      }
      curves_free(&c);
    }
    fclose(out);
    free(text);
  }
  ablation_free(&a);
}

/* ---- tables ---- */

static void read_results(const Input *in) {
  Error err = {0};
  Results r;
  if (taken(in, results_read(&r, in->dir, &err), &err)) {
    MUST(r.tasks > 0 && r.groups > 0);
    for (int t = 0; t < r.tasks; t++) MUST(results_find_task(&r, r.task[t].name) == t);
    for (int i = 0; i < r.groups * r.methods; i++)
      MUST(r.mean[i].low <= r.mean[i].score && r.mean[i].score <= r.mean[i].high);
  }
  results_free(&r);
}

/* ---- reports ---- */

/* How often a page has `mark`; none of the texts in it may add one. */
static int count_marks(const char *page, const char *mark) {
  int count = 0;
  while ((page = strstr(page, mark)) != NULL) count++, page += strlen(mark);
  return count;
}

/* A run, which is a folder or (`file`) the file itself, as a page with one script and one style. */
static void report_run(const Input *in, bool file) {
  Error err = {0};
  char *run[] = {(char *)(file ? in->path : in->dir)}, *page = place(in, "page.html"), *text;
  size_t size;
  const ReportRequest request = {.run = run, .runs = 1, .output = page, .force = true};
  if (taken(in, report_write(&request, &err), &err)) {
    sound(file_read(page, 1 << 28, &text, &size, &err), &err);
    MUST(count_marks(text, "<script") == 1 && count_marks(text, "<style") == 1);
    MUST(count_marks(text, "<svg") == count_marks(text, "</svg>"));
    free(text);
    sound(file_remove(page, &err), &err);
  }
  free(page);
}

static void report_folder(const Input *in) {
  report_run(in, false);
}

static void report_file(const Input *in) {
  report_run(in, true);
}

/* ---- traces ---- */

/* Without gnuplot, which would draw every one of them. */
static void *hide_gnuplot(const char *dir) {
  MUST(setenv("PATH", dir, 1) == 0);
  return NULL;
}

static void read_trace(const Input *in) {
  Error err = {0};
  char *out = place(in, "out");
  Figures made = {.dir = out, .force = true};
  taken(in, plot_trace(in->path, &made, 3, &err), &err);
  free(out);
}

const Target plot_targets[] = {
    {.name = "routing",
     .file = "x.routing.json",
     .seeds = "tests/fuzz/seeds/routing.json",
     .words = "routing",
     .most = 2048,
     .run = read_routing},
    {.name = "ablation",
     .file = "ablation.csv",
     .seeds = "tests/fuzz/seeds/ablation.csv",
     .words = "routing",
     .most = 1024,
     .run = read_ablation},
    {.name = "ablation-table",
     .file = "table.json",
     .seeds = "tests/fuzz/seeds/table.json",
     .words = "routing",
     .most = 512,
     .world = write_ablation,
     .run = read_ablation},
    {.name = "results",
     .file = "table.json",
     .seeds = "tests/fuzz/seeds/results.json",
     .words = "routing",
     .most = 2048,
     .run = read_results},
    {.name = "trace",
     .file = "trace.json",
     .seeds = "tests/fuzz/seeds/trace.json",
     .words = "routing",
     .most = 1024,
     .world = hide_gnuplot,
     .run = read_trace},
    {.name = "report",
     .file = "table.json",
     .seeds = "tests/fuzz/seeds/results.json",
     .words = "routing",
     .most = 2048,
     .run = report_folder},
    {.name = "report-ablation",
     .file = "ablation.csv",
     .seeds = "tests/fuzz/seeds/ablation.csv",
     .words = "routing",
     .most = 1024,
     .run = report_folder},
    {.name = "report-file",
     .file = "run.json",
     .seeds = "tests/fuzz/seeds/trace.json tests/fuzz/seeds/routing.json",
     .words = "routing",
     .most = 2048,
     .run = report_file},
    {0},
};

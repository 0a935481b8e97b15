/* report_page: what runs found, as one page of HTML that needs nothing else.
 *
 * The room tools/report owns that page: what kinds of runs it takes and what it shows of each
 * (report_part.h, a file part_*.c a kind), the figures that it draws itself (chart.h, heat_map.h),
 * and how text of others enters it (html.h). What runs left is read by those who know it, tools/plot
 * above all, and all of it before anything is written: what puts the page has nothing to fail on but
 * the file. The same runs make the same bytes: no time, no host and no folder of an absolute path is
 * in the page. */
#ifndef SKEIN_REPORT_PAGE_H
#define SKEIN_REPORT_PAGE_H

#include <stdbool.h>

#include "autograd/ground/status.h"

typedef struct ReportRequest {
  char *const *run; /* [runs] directories and files */
  int runs;
  const char *output; /* the page */
  const char *title;  /* NULL: the program's own */
  bool force;         /* a regular file of the name is replaced */
} ReportRequest;

/* Reads all runs, then writes the page, whole or not at all. STATUS_INPUT for a run that is of no
 * kind that it knows. */
Status report_write(const ReportRequest *request, Error *err);

/* tools/report/report.css and report.js, by the build. */
extern const char report_css[];
extern const char report_js[];

#endif

#include "tools/report/report_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/version.h"
#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "tools/report/html.h"
#include "tools/report/report_part.h"

enum { FILE_MOST = 1 << 28, KINDS = 5 };

/* An ablation is an evaluation, too: what is known first is it. */
static const ReportPart *const KIND[KINDS] = {&part_ablation, &part_evaluation, &part_training,
                                              &part_trace, &part_routing};

/* A run that was read. */
typedef struct Run {
  const ReportPart *part;
  void *data;
  char *name;
} Run;

typedef struct Report {
  const ReportRequest *request;
  Run *run; /* [request->runs] */
} Report;

/* ---- what a run is ---- */

static Status has_mark(bool *has, const char *path, const char *mark, Error *err) {
  char *file = path_below(path, mark);
  if (!file) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  *has = file_exists(file);
  free(file);
  return STATUS_OK;
}

static Status find_directory(const ReportPart **part, const char *path, Error *err) {
  for (int i = 0; i < KINDS; i++) {
    bool has = false;
    if (KIND[i]->mark) TRY(has_mark(&has, path, KIND[i]->mark, err));
    *part = KIND[i];
    if (has) return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT,
                   "%s: has no ablation.csv, table.json or metrics.jsonl; want what skein eval, "
                   "ablate or train has finished",
                   path);
}

static Status find_file(const ReportPart **part, const char *path, Error *err) {
  JsonDoc doc = {0};
  TRY(json_parse_file(&doc, path, FILE_MOST, err));
  Status status = STATUS_OK;
  *part = NULL;
  for (int i = 0; i < KINDS && !*part; i++)
    if (KIND[i]->key && json_has(&doc, KIND[i]->key)) *part = KIND[i];
  if (!*part)
    status = error_set(err, STATUS_INPUT,
                       "%s: is neither a trace nor routing statistics; want what --trace or "
                       "--stats of skein score or generate has written",
                       path);
  json_free(&doc);
  return status;
}

/* ---- names ---- */

/* "b" of "/a/b/", which is [*size]: no folder that is of one machine. */
static const char *last_part(const char *path, size_t *size) {
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') end--;
  size_t begin = end;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  if (begin == end) begin = 0;
  *size = end - begin;
  return path + begin;
}

/* Of runs that are called the same, the second has a (2) behind its name. */
static Status name_run(Report *r, int at, Error *err) {
  size_t size, its;
  const char *name = last_part(r->request->run[at], &size);
  int same = 1;
  for (int i = 0; i < at; i++) {
    const char *other = last_part(r->request->run[i], &its);
    same += its == size && memcmp(name, other, size) == 0;
  }
  char number[32] = "";
  if (same > 1) snprintf(number, sizeof number, " (%d)", same);
  if (asprintf(&r->run[at].name, "%.*s%s", (int)size, name, number) >= 0) return STATUS_OK;
  r->run[at].name = NULL;
  return error_set(err, STATUS_RUN, "%s: out of memory", r->request->run[at]);
}

static Status read_runs(Report *r, Error *err) {
  r->run = calloc((size_t)r->request->runs, sizeof *r->run);
  if (!r->run) return error_set(err, STATUS_RUN, "out of memory: a report");
  for (int i = 0; i < r->request->runs; i++) {
    const char *path = r->request->run[i];
    TRY(name_run(r, i, err));
    TRY(dir_exists(path) ? find_directory(&r->run[i].part, path, err)
                         : find_file(&r->run[i].part, path, err));
    TRY(r->run[i].part->read(&r->run[i].data, path, err));
  }
  return STATUS_OK;
}

static void free_runs(Report *r) {
  for (int i = 0; r->run && i < r->request->runs; i++) {
    if (r->run[i].part) r->run[i].part->free(r->run[i].data);
    free(r->run[i].name);
  }
  free(r->run);
}

/* ---- the page ---- */

/* Nothing is loaded: what a page may do is what it holds. */
static void put_head(FILE *out, const char *title) {
  fputs(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      out);
  html_text(out, title);
  fputs("</title>\n<style>\n", out);
  fputs(report_css, out);
  fputs("</style>\n</head>\n<body>\n<header><h1>", out);
  html_text(out, title);
  fputs("</h1>\n", out);
}

static void put_contents(FILE *out, const Report *r) {
  fputs("<nav><ol>\n", out);
  for (int i = 0; i < r->request->runs; i++) {
    fprintf(out, "<li><a href=\"#run-%d\">", i + 1);
    html_text(out, r->run[i].name);
    fprintf(out, "</a> <span>%s</span></li>\n", r->run[i].part->kind);
  }
  fputs("</ol></nav>\n</header>\n<main>\n", out);
}

static void put_run(FILE *out, const Run *run, int number) {
  fprintf(out, "<section id=\"run-%d\">\n<h2>", number);
  html_text(out, run->name);
  fprintf(out, " <span>%s</span></h2>\n", run->part->kind);
  run->part->put(out, run->data);
  fputs("</section>\n", out);
}

static void put_page(FILE *out, const Report *r) {
  put_head(out, r->request->title ? r->request->title : "skein report");
  put_contents(out, r);
  for (int i = 0; i < r->request->runs; i++) put_run(out, &r->run[i], i + 1);
  fputs("</main>\n<footer>made by skein report, skein ", out);
  html_text(out, version_text());
  fputs("</footer>\n<output id=\"tip\" hidden></output>\n<script>\n", out);
  fputs(report_js, out);
  fputs("</script>\n</body>\n</html>\n", out);
}

static Status write_page(const Report *r, Error *err) {
  AtomicFile file = {0};
  TRY(atomic_open(&file, r->request->output, err));
  put_page(file.stream, r);
  return atomic_commit(&file, err);
}

/* Nothing of the user's is replaced, and no run that is read. */
static Status check_output(const ReportRequest *r, Error *err) {
  const OutputRule rule = {
      .force = r->force, .input = (const char *const *)r->run, .inputs = r->runs};
  return output_check(r->output, &rule, err);
}

Status report_write(const ReportRequest *request, Error *err) {
  Report r = {.request = request};
  TRY(check_output(request, err));
  Status status = read_runs(&r, err);
  if (status == STATUS_OK) status = write_page(&r, err);
  free_runs(&r);
  return status;
}

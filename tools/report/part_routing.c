/* A file of routing statistics. */
#include <stdlib.h>

#include "tools/report/html.h"
#include "tools/report/report_part.h"
#include "tools/report/routing_maps.h"

typedef struct RoutingPart {
  RoutingFile file;
  RoutingMaps maps;
} RoutingPart;

static void free_routing(void *run) {
  RoutingPart *p = run;
  if (!p) return;
  routing_maps_free(&p->maps);
  routing_file_free(&p->file);
  free(p);
}

static Status read_routing(void **run, const char *path, Error *err) {
  RoutingPart *p = *run = calloc(1, sizeof *p);
  if (!p) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(routing_file_read(&p->file, path, err));
  if (p->file.modules == 0)
    return error_set(err, STATUS_INPUT, "%s: routing.modules: is empty: method %s routed nothing",
                     path, p->file.method);
  return routing_maps_make(&p->maps, &p->file, 1, err);
}

static void put_routing(FILE *out, const void *run) {
  const RoutingPart *p = run;
  fputs("<p class=\"about\">task <b>", out);
  html_text(out, p->file.task);
  fputs("</b>, method <b>", out);
  html_text(out, p->file.method);
  fputs("</b>, pool <b>", out);
  html_path(out, p->file.pool);
  fputs("</b></p>\n", out);
  routing_maps_put(out, &p->maps);
}

const ReportPart part_routing = {.kind = "routing statistics",
                                 .key = "routing",
                                 .read = read_routing,
                                 .put = put_routing,
                                 .free = free_routing};

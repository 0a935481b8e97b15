#include "tools/pool/pool_findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "tools/shell/console.h"

Findings findings_new(void) {
  Findings f = {.facts = facts_new()};
  f.rows = facts_array(&f.facts, f.facts.root, "findings");
  return f;
}

void findings_free(Findings *f) {
  facts_free(&f->facts);
}

static json_t *add_row(Findings *f, const char *expert, const char *level, const char *text) {
  Error line = {0}; /* escapes what must not reach a terminal */
  error_set(&line, STATUS_RUN, "%s", text);
  json_t *row = facts_row(&f->facts, f->rows);
  facts_set(&f->facts, row, "level", facts_text(level));
  facts_set(&f->facts, row, "expert", expert ? facts_text(expert) : json_null());
  facts_set(&f->facts, row, "finding", facts_text(line.text));
  return row;
}

void findings_add_gate(Findings *f, const char *expert, double first, double aligned,
                       const char *beside) {
  char text[ERROR_TEXT];
  snprintf(text, sizeof text, "first on %.1f %% of the text; cosine with the mean input %.3f%s",
           100 * first, aligned, beside);
  json_t *row = add_row(f, expert, "gate", text);
  facts_set(&f->facts, row, "first", facts_number(first));
  facts_set(&f->facts, row, "aligned", facts_number(aligned));
}

void findings_add(Findings *f, const char *expert, Status status, const char *format, ...) {
  char text[ERROR_TEXT];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  add_row(f, expert, status == STATUS_OK ? "note" : "error", text);
  f->notes += status == STATUS_OK;
  f->errors += status != STATUS_OK;
  if (status > f->status) f->status = status;
}

Status findings_add_failure(Findings *f, const char *expert, const Error *failure, Error *err) {
  if (failure->status != STATUS_INPUT && failure->status != STATUS_MISMATCH) {
    return error_set(err, failure->status, "%s", failure->text);
  }
  findings_add(f, expert, failure->status, "%s", failure->text);
  return STATUS_OK;
}

void findings_tell(const Findings *f) {
  for (size_t i = 0; i < json_array_size(f->rows); i++) {
    const json_t *row = json_array_get(f->rows, i);
    const char *expert = json_string_value(json_object_get(row, "expert"));
    console_note(NULL, "%s%s%s", expert ? expert : "", expert ? ": " : "",
                 json_string_value(json_object_get(row, "finding")));
  }
}

static void print_lines(const Findings *f, const char *dir, int experts) {
  for (size_t i = 0; i < json_array_size(f->rows); i++) {
    const json_t *row = json_array_get(f->rows, i);
    const char *expert = json_string_value(json_object_get(row, "expert"));
    console_say("%-5s  %s%s%s", json_string_value(json_object_get(row, "level")),
                expert ? expert : "", expert ? ": " : "",
                json_string_value(json_object_get(row, "finding")));
  }
  console_say("%s: %d expert%s, %d error%s, %d note%s", dir, experts, experts == 1 ? "" : "s",
              f->errors, f->errors == 1 ? "" : "s", f->notes, f->notes == 1 ? "" : "s");
}

Status findings_print(Findings *f, const char *dir, int experts, bool as_json, Error *err) {
  facts_set(&f->facts, f->facts.root, "directory", facts_text(dir));
  facts_set(&f->facts, f->facts.root, "experts_count", json_integer(experts));
  facts_set(&f->facts, f->facts.root, "errors", json_integer(f->errors));
  facts_set(&f->facts, f->facts.root, "notes", json_integer(f->notes));
  if (as_json) return facts_print(&f->facts, true, err);
  if (f->facts.failed) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  print_lines(f, dir, experts);
  return STATUS_OK;
}

#include "tools/plot/plot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/temporary.h"
#include "tools/plot/plot_row.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"
#include "tools/shell/process.h"

enum { FIGURE_DATA, FIGURE_SCRIPT, FIGURE_PNG, FIGURE_SVG, FIGURE_FILES };
static const char *const END[FIGURE_FILES] = {"tsv", "gp", "png", "svg"};

void plot_texts(FILE *out, const char *name, const char *const *text, int count, int most) {
  PlotRow row = plot_array(out, "%s[%d]", name, count);
  for (int i = 0; i < count; i++) row_quoted(&row, text[i], most);
  row_end(&row);
}

/* ---- the files of a figure ---- */

static Status file_path(char **path, const char *dir, const Figure *figure, int file, Error *err) {
  assert(!strchr(figure->name, '/')); /* whoever takes a name from outside has checked it */
  if (asprintf(path, "%s/%s.%s", dir, figure->name, END[file]) >= 0) return STATUS_OK;
  *path = NULL;
  return error_set(err, STATUS_RUN, "%s: out of memory: the figure %s", dir, figure->name);
}

/* Before anything is written: all that will be may be. */
static Status check_outputs(const Figures *made, const Figure *figure, Error *err) {
  const OutputRule rule = {.force = made->force};
  for (int file = 0; file < FIGURE_FILES; file++) {
    char *path;
    TRY(file_path(&path, made->dir, figure, file, err));
    Status status = output_check(path, &rule, err);
    free(path);
    TRY(status);
  }
  return STATUS_OK;
}

static void put_script(FILE *out, const Figure *figure) {
  fputs("figure = ", out);
  plot_quote(out, figure->name);
  fputc('\n', out);
  figure->settings(out, figure->arg);
  fputs(plot_style_script, out);
  fputs(figure->script, out);
}

static Status write_file(const char *dir, const Figure *figure, int file, Error *err) {
  char *path;
  AtomicFile out = {0};
  TRY(file_path(&path, dir, figure, file, err));
  Status status = atomic_open(&out, path, err);
  if (status == STATUS_OK) {
    if (file == FIGURE_DATA) {
      figure->data(out.stream, figure->arg);
    } else {
      put_script(out.stream, figure);
    }
    status = atomic_commit(&out, err);
  }
  free(path);
  return status;
}

static Status write_files(const char *dir, const Figure *figure, Error *err) {
  TRY(write_file(dir, figure, FIGURE_DATA, err));
  return write_file(dir, figure, FIGURE_SCRIPT, err);
}

/* ---- drawing ---- */

static Status copy_file(const char *from, const char *to, Error *err) {
  enum { LARGEST = 1 << 28 };
  char *bytes;
  size_t size;
  TRY(file_read(from, LARGEST, &bytes, &size, err));
  Status status = file_write(to, bytes, size, err);
  free(bytes);
  return status;
}

static Status keep_image(const char *scratch, const char *dir, const Figure *figure, int file,
                         Error *err) {
  char *from, *to = NULL;
  Status status = file_path(&from, scratch, figure, file, err);
  if (status == STATUS_OK) status = file_path(&to, dir, figure, file, err);
  if (status == STATUS_OK) status = copy_file(from, to, err);
  free(from);
  free(to);
  return status;
}

/* -d: no settings of the user's, which could draw something else. */
static Status run_gnuplot(char *gnuplot, const char *scratch, const char *dir, const Figure *figure,
                          Error *err) {
  char *script, option[] = "-d";
  ProcessResult result;
  TRY(file_path(&script, scratch, figure, FIGURE_SCRIPT, err));
  char *argv[] = {gnuplot, option, script, NULL};
  Status status = process_run(argv, scratch, &result, err);
  free(script);
  if (status != STATUS_OK || result.code == 0) return status;
  return error_set(err, STATUS_RUN, "%s/%s.gp: gnuplot failed (exit %d): %s", dir, figure->name,
                   result.code, result.line);
}

static Status draw_in(const char *scratch, char *gnuplot, const char *dir, const Figure *figure,
                      Error *err) {
  TRY(write_files(scratch, figure, err));
  TRY(run_gnuplot(gnuplot, scratch, dir, figure, err));
  TRY(keep_image(scratch, dir, figure, FIGURE_PNG, err));
  return keep_image(scratch, dir, figure, FIGURE_SVG, err);
}

/* gnuplot opens what it reads and writes by name and follows links, so it works in a directory that
 * nobody else can write to; signals wait until that is removed. */
static Status draw_aside(char *gnuplot, const char *dir, const Figure *figure, Error *err) {
  char *scratch;
  InterruptHold hold;
  interrupt_hold(&hold);
  Status status = temporary_dir(&scratch, "the drawing of figures", err);
  if (status == STATUS_OK) {
    status = draw_in(scratch, gnuplot, dir, figure, err);
    dir_remove(scratch, NULL);
    free(scratch);
  }
  interrupt_release(&hold);
  return status;
}

static Status draw(Figures *made, const Figure *figure, Error *err) {
  char gnuplot[PATH_MAX];
  made->drawn = process_find("gnuplot", gnuplot);
  if (made->drawn) return draw_aside(gnuplot, made->dir, figure, err);
  if (made->count == 0)
    console_note(NULL,
                 "skein: gnuplot is not installed, so no figure is drawn; later: cd %s && "
                 "gnuplot %s.gp",
                 made->dir, figure->name);
  return STATUS_OK;
}

Status plot_figure(Figures *made, const Figure *figure, Error *err) {
  TRY(check_outputs(made, figure, err));
  TRY(dir_make(made->dir, err));
  TRY(write_files(made->dir, figure, err));
  TRY(draw(made, figure, err));
  if (made->count++ == 0) snprintf(made->first, sizeof made->first, "%s", figure->name);
  snprintf(made->last, sizeof made->last, "%s", figure->name);
  return STATUS_OK;
}

void figures_say(const Figures *made) {
  const char *ends = made->drawn ? ".png, .svg, .tsv, .gp" : ".tsv, .gp";
  if (made->count == 0) {
    console_say("%s: no figure: there is nothing to draw", made->dir);
  } else if (made->count == 1) {
    console_say("%s: 1 figure: %s (%s)", made->dir, made->first, ends);
  } else {
    console_say("%s: %d figures, %s to %s (%s)", made->dir, made->count, made->first, made->last,
                ends);
  }
}

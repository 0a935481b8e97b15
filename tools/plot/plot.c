#include "tools/plot/plot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/plot/plot_row.h"
#include "tools/shell/console.h"
#include "tools/shell/process.h"

/* What the scripts put after the names of unfinished images. */
#define PART ".part"

/* Bytes of a figure's file names. */
enum { PLOT_NAME = 256 };

void plot_texts(FILE *out, const char *name, const char *const *text, int count, int most) {
  PlotRow row = plot_array(out, "%s[%d]", name, count);
  for (int i = 0; i < count; i++) row_quoted(&row, text[i], most);
  row_end(&row);
}

void plot_labels(FILE *out, const char *name, const char *const *text, int count) {
  size_t most = 0;
  for (int i = 0; i < count; i++) most = strlen(text[i]) > most ? strlen(text[i]) : most;
  fprintf(out, "%s_longest = %d\n", name, most > PLOT_LABEL ? PLOT_LABEL : (int)most);
  plot_texts(out, name, text, count, PLOT_LABEL);
}

/* Gives DIR/NAME.part its final name, durably; or removes it when `keep` is false. */
static Status finish_image(const char *dir, const char *name, bool keep, Error *err) {
  char *final = path_join(dir, name), *part = NULL;
  Status status = STATUS_OK;
  if (!final || asprintf(&part, "%s" PART, final) < 0) {
    part = NULL;
    status = error_set(err, STATUS_RUN, "%s: out of memory", name);
  } else if (!keep) {
    unlink(part);
  } else {
    int fd = open(part, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0 || rename(part, final) != 0)
      status = error_set_errno(err, STATUS_RUN, "%s: gnuplot's image cannot be kept", final);
    if (fd >= 0) close(fd);
  }
  free(final);
  free(part);
  return status;
}

static Status finish_images(const char *dir, const char *name, bool keep, Error *err) {
  static const char *const format[] = {".png", ".svg"};
  for (int i = 0; i < 2; i++) {
    char file[PLOT_NAME];
    snprintf(file, sizeof file, "%s%s", name, format[i]);
    TRY(finish_image(dir, file, keep, err));
  }
  return keep ? dir_sync(dir, err) : STATUS_OK;
}

Status plot_draw(const char *dir, const char *name, Error *err) {
  char gnuplot[PATH_MAX], script[PLOT_NAME];
  snprintf(script, sizeof script, "%s.gp", name);
  if (!process_find("gnuplot", gnuplot)) {
    console_note(NULL,
                 "skein: gnuplot is not installed, so no figure was drawn; later: cd %s && "
                 "gnuplot %s",
                 dir, script);
    return STATUS_OK;
  }
  ProcessResult result;
  char *argv[] = {gnuplot, "-e", "part = \"" PART "\"", script, NULL};
  TRY(process_run(argv, dir, &result, err));
  if (result.code == 0) return finish_images(dir, name, true, err);
  finish_images(dir, name, false, NULL);
  return error_set(err, STATUS_RUN, "%s/%s: gnuplot failed (exit %d): %s", dir, script, result.code,
                   result.line);
}

static Status write_data(const char *path, const Figure *figure, Error *err) {
  AtomicFile file = {0};
  TRY(atomic_open(&file, path, err));
  figure->data(file.stream, figure->arg);
  return atomic_commit(&file, err);
}

static Status write_script(const char *path, const Figure *figure, Error *err) {
  AtomicFile file = {0};
  TRY(atomic_open(&file, path, err));
  fputs("figure = ", file.stream);
  plot_quote(file.stream, figure->name);
  fputc('\n', file.stream);
  figure->settings(file.stream, figure->arg);
  fputs(plot_style_script, file.stream);
  fputs(figure->script, file.stream);
  return atomic_commit(&file, err);
}

Status plot_figure(const char *dir, const Figure *figure, Error *err) {
  char name[PLOT_NAME];
  snprintf(name, sizeof name, "%s.tsv", figure->name);
  char *data = path_join(dir, name);
  snprintf(name, sizeof name, "%s.gp", figure->name);
  char *script = path_join(dir, name);
  Status status = data && script ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory");
  if (status == STATUS_OK) status = dir_make(dir, err);
  if (status == STATUS_OK) status = write_data(data, figure, err);
  if (status == STATUS_OK) status = write_script(script, figure, err);
  if (status == STATUS_OK) status = plot_draw(dir, figure->name, err);
  free(data);
  free(script);
  return status;
}

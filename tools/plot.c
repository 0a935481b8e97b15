#include "tools/plot.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file.h"
#include "tools/console.h"
#include "tools/process.h"

/* What the scripts put after the names of unfinished images. */
#define PART ".part"

void plot_quote(FILE *out, const char *text) {
  fputc('\'', out);
  for (const char *p = text; *p; p++) {
    if (*p == '\'') fputc('\'', out);
    fputc((unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p, out);
  }
  fputc('\'', out);
}

void plot_number(FILE *out, double x) {
  if (isfinite(x)) {
    fprintf(out, "%.9g", x);
  } else {
    fputs("NaN", out);
  }
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
    char file[64];
    snprintf(file, sizeof file, "%s%s", name, format[i]);
    TRY(finish_image(dir, file, keep, err));
  }
  return keep ? dir_sync(dir, err) : STATUS_OK;
}

Status plot_draw(const char *dir, const char *name, Error *err) {
  char gnuplot[PATH_MAX], script[64];
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

#include "autograd/ground/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "autograd/ground/visible.h"

static Status set_first(Error *err, Status status, char *text, const char *cause) {
  if (!err) return status;
  if (err->status != STATUS_OK) return err->status;
  err->status = status;
  err->text[0] = '\0';
  visible_unmark(text);
  visible_append(err->text, sizeof err->text, text);
  if (cause) {
    visible_append(err->text, sizeof err->text, ": ");
    visible_append(err->text, sizeof err->text, cause);
  }
  return status;
}

Status error_set(Error *err, Status status, const char *format, ...) {
  char text[ERROR_TEXT];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return set_first(err, status, text, NULL);
}

Status error_set_errno(Error *err, Status status, const char *format, ...) {
  int cause = errno;
  char text[ERROR_TEXT], name[128];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return set_first(err, status, text, strerror_r(cause, name, sizeof name));
}

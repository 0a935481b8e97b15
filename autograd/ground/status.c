#include "autograd/ground/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A control character, of ASCII or of Unicode's C1 set in UTF-8 (U+009B begins a terminal command
 * as ESC [ does): its length in bytes, or 0. */
static size_t control_size(const unsigned char *p) {
  if (*p < 0x20 || *p == 0x7f) return 1;
  return p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

/* Appends `text` with the bytes of controls as \xNN, so that a hostile file name or token cannot
 * drive a terminal. */
static void append_escaped(char *out, size_t size, const char *text) {
  enum { ESCAPED = 4 };
  size_t used = strlen(out);
  const unsigned char *p = (const unsigned char *)text;
  while (*p && used + 2 * ESCAPED < size) {
    size_t control = control_size(p);
    for (size_t i = 0; i < control; i++) {
      used += (size_t)snprintf(out + used, size - used, "\\x%02x", *p++);
    }
    if (control == 0) out[used++] = (char)*p++;
  }
  out[used] = '\0';
}

static Status set_first(Error *err, Status status, const char *text, const char *cause) {
  if (!err) return status;
  if (err->status != STATUS_OK) return err->status;
  err->status = status;
  err->text[0] = '\0';
  append_escaped(err->text, sizeof err->text, text);
  if (cause) {
    append_escaped(err->text, sizeof err->text, ": ");
    append_escaped(err->text, sizeof err->text, cause);
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

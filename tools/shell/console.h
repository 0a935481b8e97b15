/* console: talk to the person at the terminal, on stderr; what a command found goes to stdout. All
 * text passes visible.h, so that no name or file of somebody else drives the terminal.
 *
 * On a terminal a progress line is rewritten in place, at most ten times a second:
 *   train gate  step 40/100 [=====>      ] loss 2.134  5.1k tok/s  ETA 0:42
 * Elsewhere it becomes plain lines, seconds apart, so that a log stays short. Colour is used on a
 * terminal only, and not under NO_COLOR or TERM=dumb. */
#ifndef SKEIN_CONSOLE_H
#define SKEIN_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "autograd/ground/status.h"

typedef struct Progress {
  const char *label;    /* "train gate"; borrowed */
  int64_t first, total; /* steps done when the work began, and in all */
  double began, drawn;  /* monotonic seconds: begin, and the last time a line was written */
  bool live;            /* the line is rewritten in place */
  bool open;            /* a line without its newline is on the screen */
  char line[512];       /* the last line, drawn again after a note */
} Progress;

/* `done` steps of `total` were done before (0 unless resumed); the ETA counts from here. */
void console_progress_begin(Progress *p, const char *label, int64_t done, int64_t total);
/* Shows that `done` steps are done, with a formatted detail ("loss 2.134"); cheap when it is too
 * early to draw again. The last step is always drawn. */
void console_progress_update(Progress *p, int64_t done, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends the line. Call it on every way out; more than once is allowed. */
void console_progress_end(Progress *p);

/* A line of its own on stderr; `p` is the progress that may be on the screen, or NULL. */
void console_note(Progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same of a plain text, where no progress is on the screen; for libraries that hand over notes.
 */
void console_line(const char *text);

/* A line of its own on stdout: what a command tells of its work. */
void console_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* STATUS_UNREAD, of which nobody is told, when the program that read stdout has left, such as head:
 * nothing is computed for nobody. */
Status console_reader(Error *err);
/* Hands on what was printed on stdout. STATUS_RUN when it cannot be written, STATUS_UNREAD when that
 * is because its reader has left. */
Status console_flush(Error *err);

/* The one line of a failure: "skein: error: TEXT". */
void console_error(const char *text);

/* A terminal that wants colour. */
bool console_colour(FILE *stream);

/* "950", "5.1k", "12M": three significant digits at most. Returns `out`. */
const char *console_count(char *out, size_t size, double n);
/* "0:42", "1:02:03", "2d 03:04". Returns `out`. */
const char *console_duration(char *out, size_t size, double seconds);
/* "1.5 GiB". Returns `out`. */
const char *console_bytes(char *out, size_t size, double bytes);

#endif

#include "tools/shell/console.h"

#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "autograd/ground/visible.h"

static const double LIVE_INTERVAL = 0.1;
/* Plain lines: this far apart at first, later a fiftieth of the time so far, at most a minute. */
static const double PLAIN_INTERVAL = 2, PLAIN_INTERVAL_MAX = 60;
enum { BAR_MAX = 30, BAR_MIN = 8, WIDTH_DEFAULT = 80 };

static double clock_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool can_rewrite(FILE *stream) {
  const char *term = getenv("TERM");
  return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb") != 0;
}

bool console_colour(FILE *stream) {
  const char *no = getenv("NO_COLOR");
  return can_rewrite(stream) && !(no && *no);
}

static int terminal_width(void) {
  struct winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return WIDTH_DEFAULT;
}

const char *console_count(char *out, size_t size, double n) {
  static const char unit[] = " kMGTP";
  int u = 0;
  /* 999.5 would print as 1e+03 with three digits. */
  while (fabs(n) >= (u ? 999.5 : 9999.5) && unit[u + 1]) n /= 1000, u++;
  if (u == 0) {
    snprintf(out, size, "%.0f", n);
  } else {
    snprintf(out, size, fabs(n) < 9.95 ? "%.1f%c" : "%.0f%c", n, unit[u]);
  }
  return out;
}

const char *console_duration(char *out, size_t size, double seconds) {
  if (!(seconds < 1e9)) {
    snprintf(out, size, "?");
    return out;
  }
  long s = lround(fmax(seconds, 0)), minutes = s / 60, hours = minutes / 60, days = hours / 24;
  if (days) {
    snprintf(out, size, "%ldd %02ld:%02ld", days, hours % 24, minutes % 60);
  } else if (hours) {
    snprintf(out, size, "%ld:%02ld:%02ld", hours, minutes % 60, s % 60);
  } else {
    snprintf(out, size, "%ld:%02ld", minutes, s % 60);
  }
  return out;
}

const char *console_bytes(char *out, size_t size, double bytes) {
  static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t u = 0;
  while (fabs(bytes) >= 1023.5 && u + 1 < sizeof unit / sizeof *unit) bytes /= 1024, u++;
  snprintf(out, size, u && fabs(bytes) < 99.95 ? "%.1f %s" : "%.0f %s", bytes, unit[u]);
  return out;
}

/* "[=====>    ]" of `inner` + 2 columns. */
static void draw_bar(char *out, int inner, double fraction) {
  int full = (int)(fraction * inner);
  *out++ = '[';
  for (int i = 0; i < inner; i++) *out++ = i < full ? '=' : (i == full ? '>' : ' ');
  *out++ = ']';
  *out = '\0';
}

/* Bytes of the first items of a detail, two blanks between them, that have room in `columns`: half a
 * number would be another one. */
static int fitting_items(const char *detail, int columns) {
  int size = 0;
  for (const char *at = detail, *end; at; at = end ? end + 2 : NULL) {
    end = strstr(at, "  ");
    int next = end ? (int)(end - detail) : (int)strlen(detail);
    if (next > columns) break;
    size = next;
  }
  return size;
}

static void put_time(char *out, size_t size, const Progress *p, int64_t done) {
  char text[32];
  double elapsed = clock_seconds() - p->began;
  if (done <= p->first) return;
  double rest = elapsed / (double)(done - p->first) * (double)(p->total - done);
  bool over = done >= p->total;
  snprintf(out, size, over ? "  in %s" : "  ETA %s",
           console_duration(text, sizeof text, over ? elapsed : rest));
}

/* Puts the line together: the step and the time left; the label and as many items of the detail as
 * have room, of which the first goes before the label; and the bar in the columns left over. */
static void compose_line(Progress *p, int64_t done, const char *detail) {
  char eta[48] = "", head[96], bar[BAR_MAX + 4] = "";
  int columns = p->live ? terminal_width() - 1 : (int)sizeof p->line - 1;
  put_time(eta, sizeof eta, p, done);
  snprintf(head, sizeof head, "%s  step %lld/%lld", p->label, (long long)done, (long long)p->total);
  int room = columns - (int)(strlen(head) + strlen(eta) + 2);
  if (*detail && fitting_items(detail, room) == 0) {
    snprintf(head, sizeof head, "step %lld/%lld", (long long)done, (long long)p->total);
    room = columns - (int)(strlen(head) + strlen(eta) + 2);
  }
  int kept = fitting_items(detail, room), inner = room - kept - 2;
  if (p->live && p->total > 0 && inner >= BAR_MIN)
    draw_bar(bar, inner > BAR_MAX ? BAR_MAX : inner, (double)done / (double)p->total);
  snprintf(p->line, sizeof p->line, "%s %s %.*s%s", head, bar, kept, detail, eta);
  int most = columns > 1 ? columns : 1;
  if (most < (int)sizeof p->line) p->line[most] = '\0';
}

static void draw_line(Progress *p) {
  if (p->live) {
    fprintf(stderr, "\r%s\033[K", p->line);
    p->open = true;
  } else {
    fprintf(stderr, "%s\n", p->line);
  }
  fflush(stderr);
}

void console_progress_begin(Progress *p, const char *label, int64_t done, int64_t total) {
  *p = (Progress){.label = label, .first = done, .total = total, .live = can_rewrite(stderr)};
  p->began = p->drawn = clock_seconds();
}

void console_progress_update(Progress *p, int64_t done, const char *detail, ...) {
  double time = clock_seconds(), interval = LIVE_INTERVAL;
  if (!p->live) interval = fmin(fmax(PLAIN_INTERVAL, (time - p->began) / 50), PLAIN_INTERVAL_MAX);
  if (done < p->total && time - p->drawn < interval) return;
  char text[160], shown[160] = "";
  va_list args;
  va_start(args, detail);
  vsnprintf(text, sizeof text, detail, args);
  va_end(args);
  visible_append(shown, sizeof shown, text);
  p->drawn = time;
  compose_line(p, done, shown);
  draw_line(p);
}

void console_progress_end(Progress *p) {
  if (p->open) fputc('\n', stderr);
  p->open = false;
}

/* Without memory the format itself: better than nothing. */
static void put_line(FILE *out, const char *format, va_list args) {
  char *text;
  bool made = vasprintf(&text, format, args) >= 0;
  if (made) visible_unmark(text);
  visible_put(out, made ? text : format);
  fputc('\n', out);
  if (made) free(text);
}

void console_note(Progress *p, const char *format, ...) {
  bool redraw = p && p->open;
  if (redraw) fputs("\r\033[K", stderr);
  va_list args;
  va_start(args, format);
  put_line(stderr, format, args);
  va_end(args);
  if (redraw) draw_line(p);
}

void console_line(const char *text) {
  console_note(NULL, "%s", text);
}

void console_say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  put_line(stdout, format, args);
  va_end(args);
}

Status console_reader(Error *err) {
  struct pollfd out = {.fd = STDOUT_FILENO};
  if (poll(&out, 1, 0) != 1 || !(out.revents & POLLERR)) return STATUS_OK;
  return error_set(err, STATUS_UNREAD, "nobody reads standard output any more");
}

Status console_flush(Error *err) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return STATUS_OK;
  TRY(console_reader(err));
  return error_set(err, STATUS_RUN, "standard output cannot be written (full or closed)");
}

void console_error(const char *text) {
  bool colour = console_colour(stderr);
  fprintf(stderr, "%sskein: error:%s %s\n", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "",
          text);
}

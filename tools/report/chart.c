#include "tools/report/chart.h"

#include <math.h>

#include "tools/report/html.h"

/* Pixels of the whole, and of what is around the frame. */
enum { WIDTH = 520, HEIGHT = 300, LEFT = 52, RIGHT = 14, TOP = 26, BOTTOM = 44, TICK_MOST = 14 };

enum { FEW = 40 /* points of a line whose dots are seen; more are seen under the pointer */ };

/* Where numbers are. */
typedef struct Frame {
  const Chart *chart;
  double x_low, x_high;
} Frame;

static double share_of(const Chart *c, double y) {
  if (c->log) return log(y / c->from) / log(c->to / c->from);
  return (y - c->from) / (c->to - c->from);
}

static double place_x(const Frame *f, double x) {
  double share = f->x_high > f->x_low ? (x - f->x_low) / (f->x_high - f->x_low) : 0.5;
  return LEFT + share * (WIDTH - LEFT - RIGHT);
}

/* What lies outside stands at the frame. */
static double place_y(const Frame *f, double y) {
  double share = fmin(1, fmax(0, share_of(f->chart, y)));
  return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

static Frame frame_of(const Chart *c) {
  Frame f = {c, INFINITY, -INFINITY};
  for (int i = 0; i < c->ticks; i++) {
    f.x_low = fmin(f.x_low, c->tick[i]);
    f.x_high = fmax(f.x_high, c->tick[i]);
  }
  for (int i = 0; i < c->lines; i++) {
    for (int p = 0; p < c->line[i].points; p++) {
      f.x_low = fmin(f.x_low, c->line[i].point[p].x);
      f.x_high = fmax(f.x_high, c->line[i].point[p].x);
    }
  }
  if (f.x_low > f.x_high) f.x_low = f.x_high = 0;
  return f;
}

/* ---- axes ---- */

/* 1, 2 or 5 times a power of ten, so that `range` has at most `most` of them. */
static double round_step(double range, int most) {
  double power = pow(10, floor(log10(range / most)));
  for (int i = 0; i < 3; i++) {
    static const int TIMES[] = {1, 2, 5};
    if (range / (TIMES[i] * power) <= most) return TIMES[i] * power;
  }
  return 10 * power;
}

static void put_tick_y(FILE *out, const Frame *f, double y) {
  fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"r\" x=\"%d\" y=\"%.1f\">",
          LEFT, place_y(f, y), WIDTH - RIGHT, LEFT - 8, place_y(f, y) + 4);
  html_number(out, y);
  fputs("</text>\n", out);
}

enum { ROUND_MOST = 24 /* round numbers on an axis, whatever the arithmetic says */ };

/* Powers of ten, and where they are few, their doubles and halves, too. */
static void put_axis_log(FILE *out, const Frame *f) {
  static const int TIMES[] = {1, 2, 5};
  const Chart *c = f->chart;
  int times = c->to / c->from < 3000 ? 3 : 1;
  double first = floor(log10(c->from));
  for (int i = 0; i < ROUND_MOST * times; i++) {
    double y = TIMES[i % times] * pow(10, first + i / times);
    if (y >= c->from && y <= c->to) put_tick_y(out, f, y);
  }
}

static void put_axis_y(FILE *out, const Frame *f) {
  const Chart *c = f->chart;
  double step = round_step(c->to - c->from, 6), first = ceil(c->from / step - 1e-9);
  if (c->log) {
    put_axis_log(out, f);
    return;
  }
  for (int i = 0; i < ROUND_MOST && (first + i) * step <= c->to + 1e-9 * step; i++)
    put_tick_y(out, f, (first + i) * step);
}

static void open_tick_x(FILE *out, const Frame *f, double x) {
  fprintf(out, "<path class=\"tick\" d=\"M%.1f %dv5\"/><text class=\"m\" x=\"%.1f\" y=\"%d\">",
          place_x(f, x), HEIGHT - BOTTOM, place_x(f, x), HEIGHT - BOTTOM + 18);
}

static void put_axis_x(FILE *out, const Frame *f) {
  const Chart *c = f->chart;
  int every = 1 + c->ticks / (TICK_MOST + 1);
  for (int i = 0; i < c->ticks; i += every) {
    open_tick_x(out, f, c->tick[i]);
    html_short(out, c->tick_text[i], 12);
    fputs("</text>\n", out);
  }
  if (c->ticks || f->x_low >= f->x_high) return;
  double step = round_step(f->x_high - f->x_low, 8);
  double first = ceil(f->x_low / step - 1e-9);
  for (int i = 0; i < ROUND_MOST && (first + i) * step <= f->x_high * (1 + 1e-9); i++) {
    open_tick_x(out, f, (first + i) * step);
    html_number(out, (first + i) * step);
    fputs("</text>\n", out);
  }
}

static void put_axes(FILE *out, const Frame *f) {
  const Chart *c = f->chart;
  put_axis_y(out, f);
  put_axis_x(out, f);
  fprintf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT);
  fprintf(out, "<text x=\"%d\" y=\"14\">", 4);
  html_short(out, c->y_name, 60);
  fprintf(out, "</text><text class=\"m\" x=\"%d\" y=\"%d\">", (LEFT + WIDTH - RIGHT) / 2,
          HEIGHT - 6);
  html_short(out, c->x_name, 60);
  fputs("</text>\n", out);
}

/* ---- lines ---- */

static void put_path(FILE *out, const Frame *f, const ChartLine *line) {
  bool drawn = false, open = false;
  for (int i = 0; i < line->points; i++) {
    const ChartPoint *p = &line->point[i];
    bool there = isfinite(p->y);
    if (there && !drawn) fprintf(out, "<path class=\"line%s\" d=\"", line->dashed ? " dashed" : "");
    if (there) fprintf(out, "%s%.1f %.1f", open ? "L" : "M", place_x(f, p->x), place_y(f, p->y));
    drawn |= there;
    open = there;
  }
  if (drawn) fputs("\"/>", out);
}

static void put_title(FILE *out, const Frame *f, const ChartLine *line, int at) {
  const Chart *c = f->chart;
  const ChartPoint *p = &line->point[at];
  fputs("<title>", out);
  html_text(out, line->name);
  fputs(", ", out);
  html_text(out, c->x_name);
  fputc(' ', out);
  if (at < c->ticks && c->tick[at] == p->x) { /* lines over ticks have a point at each */
    html_text(out, c->tick_text[at]);
  } else {
    html_number(out, p->x);
  }
  fputs(": ", out);
  html_number(out, p->y);
  if (isfinite(p->low)) {
    fputs(" (", out);
    html_number(out, p->low);
    fputs(" to ", out);
    html_number(out, p->high);
    fputc(')', out);
  }
  fputs("</title>", out);
}

static void put_dot(FILE *out, const Frame *f, const ChartLine *line, int at) {
  const ChartPoint *p = &line->point[at];
  if (!isfinite(p->y)) return;
  double x = place_x(f, p->x);
  fputs("<g>", out);
  if (isfinite(p->low) && isfinite(p->high))
    fprintf(out, "<path class=\"whisker\" d=\"M%.1f %.1fV%.1f\"/>", x, place_y(f, p->low),
            place_y(f, p->high));
  fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>", x, place_y(f, p->y));
  put_title(out, f, line, at);
  fputs("</g>", out);
}

static void put_line(FILE *out, const Frame *f, const ChartLine *line) {
  fprintf(out, "<g class=\"c%d%s\">", line->colour % CHART_COLOURS,
          line->points > FEW ? " many" : "");
  put_path(out, f, line);
  for (int i = 0; i < line->points; i++) put_dot(out, f, line, i);
  fputs("</g>\n", out);
}

void chart_put(FILE *out, const Chart *c) {
  const Frame f = frame_of(c);
  fprintf(out, "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 %d %d\" aria-label=\"", WIDTH,
          HEIGHT);
  html_text(out, c->label);
  fputs("\">\n", out);
  put_axes(out, &f);
  for (int i = 0; i < c->lines; i++) put_line(out, &f, &c->line[i]);
  fputs("</svg>\n", out);
}

void chart_put_legend(FILE *out, const Chart *c) {
  fputs("<ul class=\"legend\">", out);
  for (int i = 0; i < c->lines; i++) {
    fprintf(out, "<li class=\"c%d%s\">", c->line[i].colour % CHART_COLOURS,
            c->line[i].dashed ? " dashed" : "");
    html_text(out, c->line[i].name);
    fputs("</li>", out);
  }
  fputs("</ul>\n", out);
}

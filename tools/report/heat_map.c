#include "tools/report/heat_map.h"

#include <math.h>
#include <string.h>

#include "tools/plot/plot_labels.h"
#include "tools/report/html.h"

enum {
  LABEL_MOST = 26,    /* characters of a name */
  CHARACTER = 7,      /* pixels of one, about */
  ROW = 20,           /* pixels from row to row */
  NUMBERED = 34,      /* of a column with numbers in it ... */
  NAMED = 18,         /* ... of one with a name, and at most of one without ... */
  THIN = 5,           /* ... and of one without at least */
  THIN_WIDTH = 1000,  /* that those share */
  NUMBERED_MOST = 16, /* columns that have room for numbers */
  GAP = 8,            /* before a group */
  AXIS = 38,          /* the height of the names of blocks */
};

/* Where things are, in pixels. */
typedef struct Layout {
  int left, top, column, width, height;
  int row_head, column_head; /* characters before the ellipsis of a name that is cut */
  bool numbered;
} Layout;

static int longest(const Labels *names) {
  int most = 0;
  for (int i = 0; i < names->count; i++) {
    int length = plot_characters(names->at(names->arg, i), LABEL_MOST);
    most = length > most ? length : most;
  }
  return most;
}

static bool row_begins(const HeatMap *m, int row) {
  return row > 0 && m->row_begins && m->row_begins(m->arg, row);
}

static bool stack_begins(const HeatMap *m, int column) {
  return column == 0 ||
         strcmp(m->block(m->arg, column).stack, m->block(m->arg, column - 1).stack) != 0;
}

static bool block_begins(const HeatMap *m, int column) {
  return m->block && (stack_begins(m, column) ||
                      m->block(m->arg, column).number != m->block(m->arg, column - 1).number);
}

static int column_width(const HeatMap *m) {
  if (!m->block) return m->columns <= NUMBERED_MOST ? NUMBERED : NAMED;
  int fit = THIN_WIDTH / m->columns;
  return fit < THIN ? THIN : fit > NAMED ? NAMED : fit;
}

static Layout lay_out(const HeatMap *m) {
  const Labels rows = {m->row, m->arg, m->rows, LABEL_MOST};
  const Labels columns = {m->column, m->arg, m->block ? 0 : m->columns, LABEL_MOST};
  Layout l = {.left = CHARACTER * longest(&rows) + 10,
              .column = column_width(m),
              .row_head = labels_head(&rows),
              .column_head = labels_head(&columns),
              .numbered = !m->block && m->columns <= NUMBERED_MOST};
  /* Names of columns are turned by 45 degrees. */
  int slant = 5 * longest(&columns);
  l.top = m->block ? AXIS : slant + 16;
  l.width = l.left + slant + m->columns * l.column + 4;
  l.height = l.top + m->rows * ROW + 4;
  for (int r = 0; r < m->rows; r++) l.height += row_begins(m, r) ? GAP : 0;
  for (int c = 1; c < m->columns; c++) l.width += block_begins(m, c) ? GAP : 0;
  return l;
}

static void put_block_name(FILE *out, const HeatMap *m, const Layout *l, int column, int x) {
  ColumnBlock block = m->block(m->arg, column);
  if (stack_begins(m, column)) {
    fprintf(out, "<text x=\"%d\" y=\"%d\">", x, l->top - 24);
    html_text(out, block.stack);
    fputs("</text>", out);
  }
  if (block_begins(m, column))
    fprintf(out, "<text class=\"soft\" x=\"%d\" y=\"%d\">%d</text>", x, l->top - 7, block.number);
}

static void put_column_name(FILE *out, const HeatMap *m, const Layout *l, int column, int x) {
  fprintf(out, "<text transform=\"translate(%d %d) rotate(-45)\">", x + l->column / 2 + 3,
          l->top - 6);
  html_cut(out, m->column(m->arg, column), LABEL_MOST, l->column_head);
  fputs("</text>", out);
}

static void put_column_names(FILE *out, const HeatMap *m, const Layout *l) {
  for (int c = 0, x = l->left; c < m->columns; c++, x += l->column) {
    x += c > 0 && block_begins(m, c) ? GAP : 0;
    if (m->block) {
      put_block_name(out, m, l, c, x);
    } else {
      put_column_name(out, m, l, c, x);
    }
  }
  fputc('\n', out);
}

static void put_title(FILE *out, const HeatMap *m, int row, int column, double value) {
  fputs("<title>", out);
  html_text(out, m->row(m->arg, row));
  fputs(" · ", out);
  html_text(out, m->column(m->arg, column));
  fputs(": ", out);
  html_number(out, value);
  fputs("</title>", out);
}

/* Values are shares; a cell has room for percents. */
static void put_number(FILE *out, const Layout *l, int x, double value, double strength) {
  if (!l->numbered || isnan(value)) return;
  fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"14\">%.0f</text>", strength > 0.7 ? "n on" : "n",
          x + l->column / 2, 100 * value);
}

static void put_cell(FILE *out, const HeatMap *m, const Layout *l, int row, int column, int x) {
  static const char *const CLASS[] = {"", " class=\"own\"", " class=\"oracle\""};
  double value = m->value(m->arg, row, column);
  double strength = isnan(value) ? 0 : sqrt(fmin(1, fmax(0, value / m->largest)));
  HeatMark mark = m->mark ? m->mark(m->arg, row, column) : HEAT_PLAIN;
  int inset = m->block ? 0 : 1;
  fprintf(out, "<g%s><rect x=\"%d\" y=\"1\" width=\"%d\" height=\"%d\" fill-opacity=\"%.3g\"/>",
          CLASS[mark], x + inset, l->column - 2 * inset, ROW - 2, strength);
  put_number(out, l, x, value, strength);
  put_title(out, m, row, column, value);
  fputs("</g>", out);
}

static void put_row(FILE *out, const HeatMap *m, const Layout *l, int row, int y) {
  fprintf(out, "<g transform=\"translate(%d %d)\"><text class=\"r\" x=\"-6\" y=\"14\">", l->left,
          y);
  html_cut(out, m->row(m->arg, row), LABEL_MOST, l->row_head);
  fputs("</text>", out);
  for (int c = 0, x = 0; c < m->columns; c++, x += l->column) {
    x += c > 0 && block_begins(m, c) ? GAP : 0;
    put_cell(out, m, l, row, c, x);
  }
  fputs("</g>\n", out);
}

void heat_map_put(FILE *out, const HeatMap *m) {
  const Layout l = lay_out(m);
  fprintf(out, "<svg class=\"heat\" role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\"",
          l.width, l.height, l.width, l.height);
  fputs(" aria-label=\"", out);
  html_text(out, m->label);
  fputs("\">\n", out);
  put_column_names(out, m, &l);
  for (int r = 0, y = l.top; r < m->rows; r++, y += ROW) {
    y += row_begins(m, r) ? GAP : 0;
    put_row(out, m, &l, r, y);
  }
  fputs("</svg>\n", out);
}

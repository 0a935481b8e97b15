#include "infer/eval/eval_grid.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/visible.h"
#include "infer/eval/eval_spell.h"

enum { SCORE = P_TEXT };

Status grid_new(Grid *g, int rows, int cols, Error *err) {
  *g = (Grid){.rows = rows, .cols = cols};
  g->row = calloc((size_t)rows + 1, sizeof *g->row);
  g->col = calloc((size_t)cols + 1, sizeof *g->col);
  g->value = calloc((size_t)rows * (size_t)cols + 1, sizeof *g->value);
  if (g->row && g->col && g->value) return STATUS_OK;
  grid_free(g);
  return error_set(err, STATUS_RUN, "out of memory: a table");
}

void grid_free(Grid *g) {
  free(g->row);
  free(g->col);
  free(g->value);
  *g = (Grid){0};
}

GridValue *grid_at(const Grid *g, int row, int col) {
  return &g->value[(size_t)row * (size_t)g->cols + (size_t)col];
}

Status grid_rows(Grid *out, const Grid *g, const bool *in, Error *err) {
  int rows = 0;
  for (int r = 0; r < g->rows; r++) rows += in[r];
  TRY(grid_new(out, rows, g->cols, err));
  memcpy(out->title, g->title, sizeof out->title);
  memcpy(out->col, g->col, (size_t)g->cols * sizeof *out->col);
  out->signs = g->signs;
  out->chances = g->chances;
  for (int r = 0, to = 0; r < g->rows; r++) {
    if (!in[r]) continue;
    out->row[to] = g->row[r];
    for (int c = 0; c < g->cols; c++) *grid_at(out, to, c) = *grid_at(g, r, c);
    to++;
  }
  return STATUS_OK;
}

Status grid_transpose(Grid *out, const Grid *g, Error *err) {
  TRY(grid_new(out, g->cols, g->rows, err));
  out->signs = g->signs;
  out->chances = g->chances;
  memcpy(out->title, g->title, sizeof out->title);
  memcpy(out->row, g->col, (size_t)g->cols * sizeof *out->row);
  memcpy(out->col, g->row, (size_t)g->rows * sizeof *out->col);
  for (int r = 0; r < g->rows; r++) {
    for (int c = 0; c < g->cols; c++) *grid_at(out, c, r) = *grid_at(g, r, c);
  }
  return STATUS_OK;
}

/* ---- values ---- */

const char *p_text(double p, char text[P_TEXT]) {
  snprintf(text, P_TEXT, p < 0.00005 ? "<0.0001" : "%.4f", p);
  return text;
}

static const char *score_text(const Grid *g, const GridValue *v, char text[SCORE]) {
  if (v->state == CELL_FAILED) return "failed";
  if (v->state != CELL_DONE) return "-";
  if (g->chances) return p_text(v->score, text);
  snprintf(text, SCORE, g->signs ? "%+.1f" : "%.1f", v->score);
  return text;
}

/* Half of the interval; "" where there is none. */
static const char *half_text(const GridValue *v, char text[SCORE]) {
  const double half = (v->interval.high - v->interval.low) / 2;
  if (v->state != CELL_DONE || !(half > 0)) return "";
  snprintf(text, SCORE, "%.1f", half);
  return text;
}

/* ---- text ---- */

/* The widest score of a column, and the widest half. */
typedef struct Widths {
  int score, half;
} Widths;

static Widths value_widths(const Grid *g, int col) {
  Widths w = {0};
  for (int r = 0; r < g->rows; r++) {
    char text[SCORE];
    const int score = (int)strlen(score_text(g, grid_at(g, r, col), text));
    const int half = (int)strlen(half_text(grid_at(g, r, col), text));
    if (score > w.score) w.score = score;
    if (half > w.half) w.half = half;
  }
  return w;
}

/* The columns that the halves take, with the blank and the sign before them. */
static int half_columns(Widths w) {
  return w.half ? w.half + 2 : 0;
}

static int name_width(const char **name, int n, const char *also) {
  size_t width = visible_columns(also);
  for (int i = 0; i < n; i++) {
    size_t columns = visible_columns(name[i]);
    if (columns > width) width = columns;
  }
  return (int)width;
}

/* With two blanks before it and one for the star after it. */
static int column_width(const Grid *g, int col) {
  const Widths w = value_widths(g, col);
  const int name = name_width(&g->col[col], 1, ""), value = w.score + half_columns(w);
  return (name > value ? name : value) + 3;
}

static int text_width(const Grid *g, const char *name) {
  int width = name_width(g->row, g->rows, name);
  for (int c = 0; c < g->cols; c++) width += column_width(g, c);
  return width;
}

/* A score in a column of `width` behind `before` blanks, its half in the last places, and the star.
 * Returns how many blanks are owed to whatever comes behind it. */
static int put_value(const Grid *g, int row, int col, int before, int width, FILE *out) {
  char score[SCORE], half[SCORE];
  const GridValue *v = grid_at(g, row, col);
  const char *shown = half_text(v, half);
  const int halves = half_columns(value_widths(g, col));
  int owed = halves - (int)strlen(shown) - (*shown ? 1 : 0);
  fprintf(out, "%*s", before + width - halves, score_text(g, v, score));
  if (*shown) fprintf(out, "%*s±%s", owed, "", shown), owed = 0;
  if (v->best) fprintf(out, "%*s*", owed, "");
  return v->best ? 0 : owed + 1;
}

/* Columns [from, to) with the row names before them. A star fills the last place of its column. */
static void text_block(const Grid *g, const char *name, int from, int to, FILE *out) {
  const int first = name_width(g->row, g->rows, name);
  for (int r = -1; r < g->rows; r++) {
    int owed = 0;
    visible_pad(out, r < 0 ? name : g->row[r], (size_t)first, false);
    for (int c = from; c < to; c++) {
      const int width = column_width(g, c) - 3;
      if (r >= 0) {
        owed = put_value(g, r, c, owed + 2, width, out);
      } else {
        visible_pad(out, g->col[c], (size_t)(owed + 2 + width), true);
        owed = 1;
      }
    }
    fputc('\n', out);
  }
}

static void text_blocks(const Grid *g, const char *name, FILE *out) {
  int first = name_width(g->row, g->rows, name);
  for (int from = 0, to; from < g->cols; from = to) {
    int width = first;
    for (to = from; to < g->cols && (to == from || width + column_width(g, to) <= GRID_WIDTH); to++)
      width += column_width(g, to);
    if (from) fputc('\n', out);
    text_block(g, name, from, to, out);
  }
}

Status grid_text(const Grid *g, const char *name, FILE *out, Error *err) {
  Grid turned;
  TRY(grid_transpose(&turned, g, err));
  bool turn = text_width(g, name) > GRID_WIDTH &&
              (text_width(&turned, "") <= GRID_WIDTH || g->cols > g->rows);
  visible_put(out, g->title);
  fputc('\n', out);
  text_blocks(turn ? &turned : g, turn ? "" : name, out);
  grid_free(&turned);
  return STATUS_OK;
}

/* ---- Markdown and LaTeX ---- */

typedef struct Style {
  void (*put)(FILE *out, const char *text);
  const char *before, *after;           /* of a column */
  const char *best_before, *best_after; /* of a score that is marked */
  const char *half_before, *half_after; /* of half an interval */
} Style;

static const Style MARKDOWN = {markdown_put, " ", " |", "**", "**", " ±", ""};
static const Style LATEX = {latex_put, " & ", "", "\\textbf{", "}", " {\\scriptsize$\\pm$", "}"};

static void put_columns(const Grid *g, const Style *style, FILE *out) {
  for (int c = 0; c < g->cols; c++) {
    fputs(style->before, out);
    style->put(out, g->col[c]);
    fputs(style->after, out);
  }
}

static void put_scores(const Grid *g, int row, const Style *style, FILE *out) {
  for (int c = 0; c < g->cols; c++) {
    char text[SCORE], half[SCORE];
    const GridValue *v = grid_at(g, row, c);
    const char *shown = half_text(v, half);
    fprintf(out, "%s%s%s%s", style->before, v->best ? style->best_before : "",
            score_text(g, v, text), v->best ? style->best_after : "");
    if (*shown) fprintf(out, "%s%s%s", style->half_before, shown, style->half_after);
    fputs(style->after, out);
  }
}

static void print_markdown(const Grid *g, const char *name, FILE *out) {
  fputs("**", out);
  markdown_put(out, g->title);
  fprintf(out, "**\n\n| %s |", name);
  put_columns(g, &MARKDOWN, out);
  fputs("\n|---|", out);
  for (int c = 0; c < g->cols; c++) fputs("--:|", out);
  for (int r = 0; r < g->rows; r++) {
    fputs("\n| ", out);
    markdown_put(out, g->row[r]);
    fputs(" |", out);
    put_scores(g, r, &MARKDOWN, out);
  }
  fputc('\n', out);
}

static void print_latex(const Grid *g, const char *name, FILE *out) {
  fputs("\\begin{table}\n\\centering\n\\caption{", out);
  latex_put(out, g->title);
  fputs("}\n\\begin{tabular}{l", out);
  for (int c = 0; c < g->cols; c++) fputc('r', out);
  fprintf(out, "}\n\\toprule\n%s", name);
  put_columns(g, &LATEX, out);
  fputs(" \\\\\n\\midrule\n", out);
  for (int r = 0; r < g->rows; r++) {
    latex_put(out, g->row[r]);
    put_scores(g, r, &LATEX, out);
    fputs(" \\\\\n", out);
  }
  fputs("\\bottomrule\n\\end{tabular}\n\\end{table}\n", out);
}

typedef void (*Layout)(const Grid *g, const char *name, FILE *out);

static Status lay_out(const Grid *g, const char *name, Layout layout, FILE *out, Error *err) {
  if (g->cols <= GRID_COLUMNS) {
    layout(g, name, out);
    return STATUS_OK;
  }
  Grid turned;
  TRY(grid_transpose(&turned, g, err));
  layout(&turned, "", out);
  grid_free(&turned);
  return STATUS_OK;
}

Status grid_markdown(const Grid *g, const char *name, FILE *out, Error *err) {
  return lay_out(g, name, print_markdown, out, err);
}

Status grid_latex(const Grid *g, const char *name, FILE *out, Error *err) {
  return lay_out(g, name, print_latex, out, err);
}

/* Names beside the points of a panel: of the places around a point, near ones first, the first where
 * a name touches nothing; where there is none, the first where it touches no point and no name, but
 * an interval or the line of the front. Points of the front are named first. */
#include <math.h>

#include "tools/plot/pareto.h"
#include "tools/plot/plot_text.h"

/* Pixels: what a point takes, a character of a name, a line of them. */
static const double MARK = 5, CHARACTER = 6, LINE = 12;

typedef struct Box {
  double left, right, lower, upper;
} Box;

static bool touch(const Box *a, const Box *b) {
  return a->left < b->right && b->left < a->right && a->lower < b->upper && b->lower < a->upper;
}

static double pixel_x(const Pareto *p, double x) {
  return (x - p->left) / (p->right - p->left) * PARETO_WIDTH;
}

static double pixel_y(const Pareto *p, double y) {
  return (y - p->lower) / (p->upper - p->lower) * PARETO_HEIGHT;
}

static Box point_box(const Pareto *p, const ParetoPoint *point) {
  const double x = pixel_x(p, point->x), y = pixel_y(p, point->score);
  return (Box){x - MARK, x + MARK, y - MARK, y + MARK};
}

/* Of a name that begins, or (left) ends, there. */
static Box name_box(const ParetoPoint *point, double x, double y, bool left) {
  const double wide = CHARACTER * plot_characters(point->name, PARETO_NAME);
  return (Box){left ? x - wide : x, left ? x : x + wide, y - LINE / 2, y + LINE / 2};
}

static Box placed_box(const Pareto *p, const ParetoPoint *point) {
  return name_box(point, pixel_x(p, point->label_x), pixel_y(p, point->label_y), point->left);
}

/* The bars of intervals, and the steps from a point of the front to the next. */
static bool touches_line(const Pareto *p, const ParetoPanel *panel, const Box *box) {
  const ParetoPoint *before = NULL;
  for (int i = 0; i < panel->points; i++) {
    const ParetoPoint *x = &panel->point[i];
    const double at = pixel_x(p, x->x);
    const Box bar = {at - 1, at + 1, pixel_y(p, x->low), pixel_y(p, x->high)};
    if (touch(box, &bar)) return true;
    if (!x->front) continue;
    if (before) {
      const double turn = pareto_rises(p->cost) ? pixel_x(p, before->x) : at;
      const double from = pixel_y(p, before->score), to = pixel_y(p, x->score);
      const double level = pareto_rises(p->cost) ? to : from;
      const Box along = {pixel_x(p, before->x), at, level - 1, level + 1};
      const Box up = {turn - 1, turn + 1, fmin(from, to), fmax(from, to)};
      if (touch(box, &along) || touch(box, &up)) return true;
    }
    before = x;
  }
  return false;
}

static bool is_free(const Pareto *p, const ParetoPanel *panel, const Box *box, bool of_lines) {
  if (of_lines && touches_line(p, panel, box)) return false;
  if (box->left < 0 || box->right > PARETO_WIDTH || box->lower < 0 || box->upper > PARETO_HEIGHT)
    return false;
  for (int i = 0; i < panel->points; i++) {
    const ParetoPoint *other = &panel->point[i];
    const Box mark = point_box(p, other), name = placed_box(p, other);
    if (touch(box, &mark) || (other->named && touch(box, &name))) return false;
  }
  return true;
}

/* A way from a point, in pixels. */
typedef struct Way {
  double dx, dy;
  bool of_lines; /* the name must touch no line either */
} Way;

static bool place(const Pareto *p, const ParetoPanel *panel, ParetoPoint *point, Way way) {
  const double dx = way.dx, dy = way.dy;
  const double x = pixel_x(p, point->x) + dx, y = pixel_y(p, point->score) + dy;
  const Box box = name_box(point, x, y, dx < 0);
  if (!is_free(p, panel, &box, way.of_lines)) return false;
  point->named = true;
  point->left = dx < 0;
  point->label_x = p->left + x / PARETO_WIDTH * (p->right - p->left);
  point->label_y = p->lower + y / PARETO_HEIGHT * (p->upper - p->lower);
  return true;
}

/* Right and left of the point, level first, then ever steeper, up and down in turn. */
static bool name_point(const Pareto *p, const ParetoPanel *panel, ParetoPoint *point,
                       bool of_lines) {
  enum { AWAY = 6, TURNS = 12 };
  static const double RADIUS[AWAY] = {9, 14, 22, 32, 44, 60}, STEEPEST = 1.5;
  for (int r = 0; r < AWAY; r++) {
    for (int k = 0; k <= TURNS; k++) {
      const double turns = (k + 1) / 2, angle = (k % 2 ? -2 : 2) * STEEPEST * turns / TURNS;
      const double dx = RADIUS[r] * cos(angle), dy = RADIUS[r] * sin(angle);
      if (place(p, panel, point, (Way){dx, dy, of_lines})) return true;
      if (place(p, panel, point, (Way){-dx, dy, of_lines})) return true;
    }
  }
  return false;
}

static void name_points(const Pareto *p, const ParetoPanel *panel, bool front) {
  for (int i = 0; i < panel->points; i++) {
    ParetoPoint *point = &panel->point[i];
    if (point->front == front && !name_point(p, panel, point, true))
      name_point(p, panel, point, false);
  }
}

void pareto_label(Pareto *p) {
  p->unnamed = 0;
  for (int g = 0; g < p->panels; g++) {
    const ParetoPanel *panel = &p->panel[g];
    name_points(p, panel, true);
    name_points(p, panel, false);
    for (int i = 0; i < panel->points; i++) p->unnamed += !panel->point[i].named;
  }
}

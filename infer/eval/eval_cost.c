#include "infer/eval/eval_cost.h"

#include <inttypes.h>

#include "data/text/json_put.h"
#include "infer/eval/eval_form.h"

/* ---- the record of a cell ---- */

static const struct {
  const char *name;
  size_t offset;
} FIELD[] = {
    {"input_tokens", offsetof(CellCost, input_tokens)},
    {"output_tokens", offsetof(CellCost, output_tokens)},
    {"base_multiply_adds", offsetof(CellCost, base)},
    {"routing_multiply_adds", offsetof(CellCost, added.routing)},
    {"expert_multiply_adds", offsetof(CellCost, added.experts)},
    {"read_bytes", offsetof(CellCost, added.bytes)},
};
enum { FIELDS = sizeof FIELD / sizeof *FIELD };
static const int64_t MOST = INT64_C(1) << 60; /* so that two of them can be added */

static int64_t field_value(const CellCost *cost, int i) {
  return *(const int64_t *)((const char *)cost + FIELD[i].offset);
}

json_t *cell_cost_json(const CellCost *cost) {
  json_t *json = json_object();
  for (int i = 0; i < FIELDS; i++)
    json_put(&json, FIELD[i].name, json_integer(field_value(cost, i)));
  return json;
}

Status cell_cost_get(const JsonDoc *cell, CellCost *cost, Error *err) {
  JsonDoc doc = {.file = cell->file};
  TRY(json_get_object(cell, "cost", &doc.root, err));
  for (int i = 0; i < FIELDS; i++) {
    int64_t *field = (int64_t *)((char *)cost + FIELD[i].offset);
    TRY(json_get_int(&doc, FIELD[i].name, 0, MOST, field, err));
  }
  return STATUS_OK;
}

void cell_cost_csv_head(FILE *out) {
  for (int i = 0; i < FIELDS; i++) fprintf(out, ",%s", FIELD[i].name);
}

void cell_cost_csv(const EvalCell *cell, FILE *out) {
  for (int i = 0; i < FIELDS; i++) {
    fputc(',', out);
    if (cell->state == CELL_DONE) fprintf(out, "%" PRId64, field_value(&cell->cost, i));
  }
}

/* ---- of a method ---- */

MethodCost eval_cost(const Evaluation *e, int method, const char *group) {
  double base = 0, routing = 0, experts = 0;
  MethodCost sum = {.known = true};
  for (int t = 0; t < e->spec->tasks; t++) {
    const EvalCell *cell = evaluation_cell(e, method, t);
    const CellCost *cost = &cell->cost;
    if (!eval_task_in(&e->spec->task[t], group)) continue;
    sum.known &= cell->state == CELL_DONE && cost->base > 0;
    sum.tokens += (double)(cost->input_tokens + cost->output_tokens);
    base += (double)cost->base;
    routing += (double)cost->added.routing;
    experts += (double)cost->added.experts;
    if (cost->added.bytes > sum.bytes) sum.bytes = cost->added.bytes;
  }
  if (!sum.known) return (MethodCost){0};
  sum.routing = routing / sum.tokens;
  sum.experts = experts / sum.tokens;
  sum.a_token = sum.routing + sum.experts;
  sum.of_base = 100 * (routing + experts) / base;
  return sum;
}

/* ---- the table ---- */

enum { NUMBER = 32, COLUMNS = 6 };
static const char TITLE[] =
    "costs: thousands of multiply-adds a token, beside the base's (by the clock: timings.csv)";

static Status add_cost(Columns *t, const char *name, const MethodCost *cost, Error *err) {
  char all[NUMBER], routing[NUMBER], experts[NUMBER], share[NUMBER], bytes[NUMBER];
  snprintf(all, NUMBER, "%.1f", cost->a_token / 1e3);
  snprintf(routing, NUMBER, "%.1f", cost->routing / 1e3);
  snprintf(experts, NUMBER, "%.1f", cost->experts / 1e3);
  snprintf(share, NUMBER, "%.2f %%", cost->of_base);
  snprintf(bytes, NUMBER, "%.2f MiB", (double)cost->bytes / (1 << 20));
  const char *text[COLUMNS] = {name, all, share, routing, experts, bytes};
  const char *unknown[COLUMNS] = {name, "-", "-", "-", "-", "-"};
  return columns_add(t, cost->known ? text : unknown, err);
}

Status eval_costs_put(const Evaluation *e, const TableForm *form, FILE *out, Error *err) {
  static const char *const HEAD[COLUMNS] = {"method",  "added",   "of the base's",
                                            "routing", "experts", "weights read"};
  Columns t = {.cols = COLUMNS};
  bool some = false;
  Status status = columns_add(&t, HEAD, err);
  for (int m = 0; m < e->spec->methods && status == STATUS_OK; m++) {
    const MethodCost cost = eval_cost(e, m, NULL);
    if (!e->spec->method[m]->shown) continue;
    some |= cost.known;
    status = add_cost(&t, e->spec->method[m]->name, &cost, err);
  }
  if (status == STATUS_OK && some) {
    fputc('\n', out);
    form_table(form, TITLE, &t, out);
  }
  columns_free(&t);
  return status;
}

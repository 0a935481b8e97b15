/* skein methods: methods of routing by what they need and where they stand, and those that a pool
 * allows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json_put.h"
#include "infer/route/route_allows.h"
#include "infer/route/router_options.h"
#include "infer/t5/base.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/help_routers.h"
#include "tools/cmd/method_filter.h"
#include "tools/shell/console.h"

static const char usage[] =
    "skein methods: methods of routing, what they need, and which a pool allows\n"
    "\n"
    "Examples:\n"
    "  skein methods                          all, with what they read, settings, labels, sources\n"
    "  skein methods --needs none             those that need nothing but experts\n"
    "  skein methods --label input=Step --label selection=Sparse\n"
    "  skein methods --for pools/t0           which of them this pool allows, and what others "
    "miss\n"
    "  skein methods --for pools/t0 -s embedder.kind=sentence -s embedder.model=all-MiniLM-L6-v2\n"
    "\n"
    "Usage: skein methods [--needs WHAT]... [--label NAME=VALUE]... [--for POOL [--base DIR]\n"
    "                     [-s KEY=VALUE]...] [--json]\n"
    "\n"
    "WHAT is gates, activations or instructions: methods that need all that is named, by their\n"
    "defaults; or none.\n"
    "Labels are those of Yadav et al. 2024 (arXiv 2408.07057): expert_training, expert_data,\n"
    "routing_data, input_granularity, depth_granularity, expert_selection, expert_aggregation,\n"
    "generalization, user_data; training, data, input, depth, selection and aggregation are short\n"
    "for them. Several must all hold.\n"
    "\n"
    "With --for each method is opened on the pool, as a run opens it, by its defaults and what -s\n"
    "sets; where that fails, on each expert alone, to name those that lack something. The experts\n"
    "of a method that is not allowed can still be left out by `only`.\n"
    "\n";

enum { THREADS = 2 };

typedef struct MethodsArguments {
  TextList needs, label, assignment;
  const char *pool, *base;
  bool json;
} MethodsArguments;

#define AT(field) offsetof(MethodsArguments, field)

static const Argument ROWS[] = {
    {"needs", 0, ARGUMENT_TEXTS, AT(needs), 0, "none|gates|activations|instructions",
     .help = "only methods that need this of every expert"},
    {"label", 0, ARGUMENT_TEXTS, AT(label), 0, "NAME=VALUE", .help = "only methods of this label"},
    {"for", 0, ARGUMENT_TEXT, AT(pool), 0, "POOL", .help = "which of them this pool allows"},
    {"base", 0, ARGUMENT_TEXT, AT(base), 0, "DIR",
     .help = "the base of the pool, where it is not where the pool says"},
    {"set", 's', ARGUMENT_TEXTS, AT(assignment), 0, "KEY=VALUE",
     .help = "a setting of routers, with --for (skein help score lists them)"},
    {"json", 0, ARGUMENT_SWITCH, AT(json), 0, NULL, .help = "print one JSON object"},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

/* ---- the pool ---- */

/* A pool that methods are tried on; without one `asked.pool` is NULL. */
typedef struct Tried {
  Base base;
  RouteAsked asked;
} Tried;

static Status open_base(Base *base, const MethodsArguments *a, Error *err) {
  PoolManifest manifest;
  const char *dir;
  TRY(manifest_read(&manifest, a->pool, err));
  Status status = STATUS_OK;
  if (manifest.count == 0)
    status = error_set(err, STATUS_INPUT, "%s: the pool has no expert; `skein pool add` adds one",
                       a->pool);
  if (status == STATUS_OK) status = manifest_base(&manifest, a->base, &dir, err);
  if (status == STATUS_OK) status = base_open(base, dir, err);
  if (status == STATUS_OK) status = base_sample(base, err);
  manifest_free(&manifest);
  return status;
}

/* The experts that take part; every method has its turn. */
static Status open_experts(Tried *t, const MethodsArguments *a, Error *err) {
  OptionSet set;
  RouterSettings settings;
  TRY(router_settings_init(&set, &settings, err));
  Status status = STATUS_OK;
  for (int i = 0; i < a->assignment.count && status == STATUS_OK; i++) {
    status = options_assign(&set, a->assignment.text[i], err);
    if (status == STATUS_OK && strncmp(a->assignment.text[i], "router=", strlen("router=")) == 0)
      status =
          error_set(err, STATUS_USAGE,
                    "-s: router: every method is tried; leave it out, or take --needs, --label");
  }
  if (status == STATUS_OK)
    status = pool_open(&t->asked.pool, a->pool, &t->base.model->modules, t->base.sample,
                       settings.only, err);
  options_free(&set);
  return status;
}

static Status open_pool(Tried *t, const MethodsArguments *a, Error *err) {
  if (!a->pool) return STATUS_OK;
  TRY(open_base(&t->base, a, err));
  t->asked = (RouteAsked){.base = &t->base,
                          .sample = t->base.sample,
                          .assignment = a->assignment.text,
                          .assignments = a->assignment.count,
                          .threads = THREADS};
  return open_experts(t, a, err);
}

static void close_pool(Tried *t) {
  pool_close(t->asked.pool);
  base_close(&t->base);
}

/* ---- for people ---- */

/* "not with any expert", or with whom: names are of letters that any terminal shows. */
static void say_lacking(const RouteAnswer *answer, const Pool *pool) {
  if (answer->lacking == 0) return;
  printf("%24snot with ", "");
  if (answer->lacking == pool_count(pool)) {
    puts("any expert");
    return;
  }
  for (int i = 0; i < answer->lacking; i++)
    printf("%s%s", i ? ", " : "", pool_entry(pool, answer->lacks[i])->name);
  puts("; with the others, by `only`");
}

static void say_answer(const RouteMethod *m, const RouteAnswer *answer, const Pool *pool) {
  console_say("  %-20s  %s%s", m->name, answer->allowed ? "yes" : "no: ", answer->why.text);
  if (!answer->allowed) say_lacking(answer, pool);
}

/* ---- for programs ---- */

static json_t *needs_json(unsigned reads) {
  json_t *list = json_array();
  for (int i = 0; i < ROUTE_NEEDS; i++)
    if (route_needs(reads, i)) json_push(&list, json_string(route_need(i)->name));
  return list;
}

static json_t *settings_json(const RouteMethod *m) {
  json_t *list = json_array();
  for (int i = 0; i < ROUTER_SHARED; i++)
    if (m->uses & 1U << i) json_push(&list, json_string(router_shared_key(i)));
  for (const SettingsGroup *const *own = m->own; *own; own++) {
    for (size_t i = 0; i < (*own)->count; i++) json_push(&list, json_string((*own)->table[i].key));
  }
  return list;
}

static void put_answer(json_t **json, const RouteAnswer *answer, const Pool *pool) {
  json_t *lacks = json_array();
  for (int i = 0; i < answer->lacking; i++)
    json_push(&lacks, json_string(pool_entry(pool, answer->lacks[i])->name));
  json_put(json, "allowed", json_boolean(answer->allowed));
  json_put(json, "why", answer->allowed ? json_null() : json_string(answer->why.text));
  json_put(json, "lacking", lacks);
}

/* `answer` NULL: no pool is asked. */
static json_t *method_json(const RouteMethod *m, unsigned reads, const RouteAnswer *answer,
                           const Pool *pool) {
  json_t *json = json_object();
  json_put(&json, "name", json_string(m->name));
  json_put(&json, "help", json_string(m->help));
  json_put(&json, "source", *m->source ? json_string(m->source) : json_null());
  json_put(&json, "experts", json_boolean(m->reads & READS_POOL));
  json_put(&json, "loras_only", json_boolean(m->lora_only));
  json_put(&json, "needs", needs_json(reads));
  json_put(&json, "settings", settings_json(m));
  json_put(&json, "stands_over_another", json_boolean(m->over));
  json_put(&json, "labels", route_labels_json(m));
  if (answer) put_answer(&json, answer, pool);
  return json;
}

/* ---- all of it ---- */

static Status show_method(const RouteMethod *m, unsigned reads, const Tried *t, json_t **list,
                          Error *err) {
  RouteAnswer answer = {0};
  Status status = t->asked.pool ? route_allows(m, &t->asked, &answer, err) : STATUS_OK;
  if (status == STATUS_OK && *list) {
    json_push(list, method_json(m, reads, t->asked.pool ? &answer : NULL, t->asked.pool));
    if (!*list) status = error_set(err, STATUS_RUN, "out of memory: the methods");
  } else if (status == STATUS_OK && t->asked.pool) {
    say_answer(m, &answer, t->asked.pool);
  } else if (status == STATUS_OK) {
    help_router(m);
  }
  route_answer_free(&answer);
  return status;
}

static Status print_list(json_t *list, Error *err) {
  json_t *root = json_object();
  json_put(&root, "methods", json_incref(list));
  const bool whole = root && json_dumpf(root, stdout, JSON_INDENT(2)) == 0;
  json_decref(root);
  putchar('\n');
  return whole ? STATUS_OK : error_set(err, STATUS_RUN, "the methods cannot be written");
}

static Status show_methods(const MethodsArguments *a, const MethodFilter *filter, const Tried *t,
                           Error *err) {
  json_t *list = a->json ? json_array() : NULL;
  int shown = 0;
  Status status = STATUS_OK;
  for (int i = 0; i < route_method_count() && status == STATUS_OK; i++) {
    unsigned reads = 0;
    status = route_reads(route_method(i), &reads, err);
    if (status != STATUS_OK || !method_fits(filter, route_method(i), reads)) continue;
    status = show_method(route_method(i), reads, t, &list, err);
    shown++;
  }
  if (status == STATUS_OK && list) status = print_list(list, err);
  if (status == STATUS_OK && !list && shown == 0) console_say("no method is so");
  json_decref(list);
  return status;
}

static Status run_parsed(const MethodsArguments *a, Error *err) {
  MethodFilter filter;
  Tried tried = {0};
  if (!a->pool && (a->base || a->assignment.count))
    return error_set(err, STATUS_USAGE, "%s: is of --for POOL; without it no pool is asked",
                     a->base ? "--base" : "-s");
  TRY(method_filter_read(&filter, &a->needs, &a->label, err));
  Status status = open_pool(&tried, a, err);
  if (status == STATUS_OK) status = show_methods(a, &filter, &tried, err);
  close_pool(&tried);
  return status;
}

static int run_methods(int argc, char **argv, Error *err) {
  MethodsArguments a = {0};
  Status status = arguments_read(&ARGUMENTS, 0, &a, NULL, argc, argv, err);
  if (status == STATUS_OK) status = command_operands(argc, argv, 0, 0, "nothing", err);
  if (status == STATUS_OK) status = run_parsed(&a, err);
  free(a.needs.text);
  free(a.label.text);
  free(a.assignment.text);
  return (int)status;
}

const Command command_methods = {
    .name = "methods",
    .summary = "methods of routing, what they need, which a pool allows",
    .usage = usage,
    .run = run_methods,
    .arguments = &ARGUMENTS,
};

/* skein suggest: which experts of a pool suit a new task. */
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "tools/cmd/commands.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"
#include "tools/suggest/suggest_tool.h"

static const char usage[] =
    "skein suggest: rank the experts of a pool for a new task\n"
    "\n"
    "Examples:\n"
    "  skein suggest pool --input my.jsonl\n"
    "  skein suggest pool --input my.jsonl --instruction 'Is the claim true?' --limit 200 --json\n"
    "  skein suggest pool --input my.jsonl --by gates,arrow     without running every expert\n"
    "\n"
    "Usage: skein suggest POOL --input FILE [--base DIR] [--by LIST] [--limit N] [--json] "
    "[OPTION]...\n"
    "\n"
    "A sample of the file's lines is asked, and experts are ranked by\n"
    "  likelihood    every expert alone, and the base: accuracy where lines have \"choices\" and\n"
    "                \"label\", else the mean log-likelihood of a token of \"target\"; gain is "
    "over\n"
    "                the base, with its 95 % interval, paired over items\n"
    "  gates         the share of tokens that the router phatgoose would give it first, and its\n"
    "                mean weight, means over modules\n"
    "  instructions  the cosine of its instruction and the task's (--instruction, or a line's)\n"
    "  arrow, norm   as gates, by routers that need nothing but the experts\n"
    "in the order of the first that there is. What a pool or file has not the parts for is left\n"
    "out, and said; with --by it is an error. How far the ways agree is told by Spearman's\n"
    "correlation over the experts, and by whether they have the same one first. Likelihood runs\n"
    "the sample once for every expert; the others once or not at all.\n"
    "\n";

/* ---- arguments ---- */

static Status find_way(const char *name, SuggestWay *way, Error *err) {
  const char *names[SUGGEST_WAYS];
  for (SuggestWay w = 0; w < SUGGEST_WAYS; w++) names[w] = suggest_way_name(w);
  for (*way = 0; *way < SUGGEST_WAYS; ++*way)
    if (strcmp(names[*way], name) == 0) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "--by: '%s' is none of likelihood, gates, instructions, arrow and norm%s", name,
                   nearest_hint(name, names, SUGGEST_WAYS).text);
}

/* The ways of --by as bits. */
static Status parse_ways(const char *by, unsigned *ways, Error *err) {
  char *copy = strdup(by), *rest = copy;
  Status status = copy ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the arguments");
  for (char *name; status == STATUS_OK && (name = strsep(&rest, ","));) {
    SuggestWay way;
    status = find_way(name, &way, err);
    if (status == STATUS_OK) *ways |= 1u << way;
  }
  free(copy);
  return status;
}

/* Which method and expert runs is not the user's to say. */
static Status check_assignments(const PredictOptions *o, Error *err) {
  static const char *const OURS[] = {"router=", "expert="};
  for (int i = 0; i < o->assignment.count; i++)
    for (int k = 0; k < 2; k++)
      if (strncmp(o->assignment.text[i], OURS[k], strlen(OURS[k])) == 0)
        return error_set(err, STATUS_USAGE,
                         "-s %s: suggest asks every expert and several routers; --by says which "
                         "ways, -s only=A,B which experts",
                         o->assignment.text[i]);
  return STATUS_OK;
}

/* ---- the run ---- */

typedef struct Shown {
  Progress progress;
  int64_t done; /* of the passes before this one */
  int64_t total;
} Shown;

static void show_items(void *arg, const char *what, int64_t done, int64_t total) {
  Shown *shown = arg;
  console_progress_update(&shown->progress, shown->done + done, "%s", what);
  if (done == total) shown->done += total;
}

static void show_note(void *arg, const char *line) {
  Shown *shown = arg;
  console_note(&shown->progress, "skein: %s", line);
}

/* The items of all passes that are foreseen. */
static int64_t foreseen(const SuggestRequest *r) {
  int64_t passes = 0;
  if (r->ways & 1u << SUGGEST_LIKELIHOOD && r->targets != TARGETS_NONE)
    passes += pool_count(r->pool) + 1;
  for (SuggestWay way = SUGGEST_GATES; way < SUGGEST_WAYS; way++)
    passes += way != SUGGEST_INSTRUCTIONS && r->ways & 1u << way;
  return passes * r->items;
}

static Status rank_experts(Suggestion *s, SuggestRequest *r, Error *err) {
  Shown shown = {.total = foreseen(r)};
  r->watch = (SuggestWatch){&shown, show_items, show_note, interrupt_catch()};
  console_progress_begin(&shown.progress, "suggest", 0, shown.total);
  Status status = suggest_run(s, r, err);
  console_progress_end(&shown.progress);
  return status;
}

static Status report(const Suggestion *s, const Sample *sample, const PredictParts *p,
                     const PredictOptions *o, Error *err) {
  Facts facts = facts_new();
  Status status = suggest_facts(&facts, s, sample, p, o, err);
  if (status == STATUS_OK) status = facts_print(&facts, o->json, err);
  facts_free(&facts);
  return status;
}

static Status suggest(PredictParts *p, Sample *sample, Suggestion *s, const PredictOptions *o,
                      Error *err) {
  const PredictSettings settings = predict_options_settings(o);
  SuggestRequest r = {
      .base = &p->base,
      .router = &p->router_set,
      .settings = &settings,
      .asking = {o->task, o->instruction},
      .ways = 1u << SUGGEST_LIKELIHOOD | 1u << SUGGEST_GATES | 1u << SUGGEST_INSTRUCTIONS,
      .all_asked = o->by,
      .seed = (uint64_t)o->seed};
  if (o->by) r.ways = 0;
  if (o->by) TRY(parse_ways(o->by, &r.ways, err));
  TRY(check_assignments(o, err));
  TRY(predict_parts_base(p, o, err));
  TRY(sample_open(sample, p, o, err));
  TRY(predict_parts_pool(p, o, err));
  if (pool_count(p->pool) == 0)
    return error_set(err, STATUS_INPUT, "%s: the pool has no expert", o->pool);
  r.pool = p->pool;
  r.item = sample->item;
  r.items = sample->count;
  r.targets = sample->targets;
  TRY(rank_experts(s, &r, err));
  return report(s, sample, p, o, err);
}

static int run_suggest(int argc, char **argv, Error *err) {
  PredictOptions o;
  PredictParts parts = {0};
  Sample sample = {0};
  Suggestion suggestion = {0};
  Status status = predict_options_read(&o, PREDICT_SUGGEST, argc, argv, err);
  if (status == STATUS_OK) status = suggest(&parts, &sample, &suggestion, &o, err);
  suggestion_free(&suggestion);
  sample_free(&sample);
  predict_parts_close(&parts);
  predict_options_free(&o);
  return (int)status;
}

const Command command_suggest = {
    .name = "suggest",
    .summary = "rank the experts of a pool for a new task",
    .usage = usage,
    .run = run_suggest,
    .arguments = &predict_arguments,
    .form = PREDICT_SUGGEST,
    .defaults = &predict_defaults,
    .settings = predict_settings,
};

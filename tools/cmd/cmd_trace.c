/* skein trace: why a token went where it went. */
#include "tools/cmd/commands.h"
#include "tools/trace/trace_tool.h"

static const char usage[] =
    "skein trace: why a token went where it went: every expert's score, and what became of it\n"
    "\n"
    "Examples:\n"
    "  skein trace --pool pool --router glider --input rte.jsonl              what there is to "
    "see\n"
    "  skein trace --pool pool --router glider --input rte.jsonl --item 7 \\\n"
    "    --module encoder.block.0.layer.0.SelfAttention.q --token 3           the terms of a "
    "token\n"
    "  skein trace --pool pool --router phatgoose --input rte.jsonl --html trace.html\n"
    "\n"
    "Usage: skein trace --pool DIR --input FILE [--router NAME] [--item ID] [--module NAME]\n"
    "         [--token N] [--html FILE] [--json] [OPTION]...\n"
    "\n"
    "The item is answered as by `skein score` where it has choices, else as by `skein generate`\n"
    "with one beam, and the router tells what its choices are made of; the numbers are those of\n"
    "the run. For a module and a token it prints for every expert that has an adapter there\n"
    "  local    what the token itself scores it by: gate, prototype, norm; the output says how\n"
    "  global   what the input's instruction adds (glider), and their sum\n"
    "  softmax  of the sums, over all experts\n"
    "  choice   its place among the chosen ones\n"
    "  weight   what its output is multiplied by\n"
    "Without --token it lists the tokens, without --module the modules, each with whom the token\n"
    "goes to. Modules of the prompt read the tokens of the input; modules of the continuation\n"
    "those of the answer, where a token is the one that its row predicts: the predicted choice's,\n"
    "or what was generated. Routers without scores show weights alone.\n"
    "\n";

static Status show(const Trace *t, const PredictOptions *o, Error *err) {
  Facts facts = facts_new();
  Status status = trace_facts(&facts, t, err);
  if (status == STATUS_OK) status = facts_print(&facts, o->json, err);
  facts_free(&facts);
  return status;
}

static int run_trace(int argc, char **argv, Error *err) {
  PredictOptions o;
  Trace trace = {0};
  Status status = predict_options_read(&o, PREDICT_TRACE, argc, argv, err);
  if (status == STATUS_OK) status = trace_run(&trace, &o, err);
  if (status == STATUS_OK && o.html) status = trace_write_page(&trace, o.html, err);
  if (status == STATUS_OK) status = show(&trace, &o, err);
  trace_close(&trace);
  predict_options_free(&o);
  return (int)status;
}

const Command command_trace = {
    .name = "trace",
    .summary = "why a token went where it went: the terms of every expert",
    .usage = usage,
    .run = run_trace,
    .arguments = &predict_arguments,
    .form = PREDICT_TRACE,
    .defaults = &predict_defaults,
    .settings = predict_settings,
};

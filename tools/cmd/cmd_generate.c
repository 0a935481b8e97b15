/* skein generate: the text that a model makes of every item of a file. */
#include <stdlib.h>

#include "tools/cmd/commands.h"
#include "tools/predict/predict_run.h"

static const char usage[] =
    "skein generate: write a text for every item\n"
    "\n"
    "Examples:\n"
    "  skein generate --base t5-xl-lm-adapt --input samsum.jsonl --max-output 128\n"
    "  skein generate --pool pool --router glider -s top_k=2 --input xsum.jsonl -o xsum.out.jsonl\n"
    "  skein generate --base flan-t5-base --input questions.jsonl --beams 4 --length-penalty 0.6\n"
    "\n"
    "Usage: skein generate --base DIR | --pool DIR  --input FILE [-o FILE] [OPTION]...\n"
    "\n"
    "A line of the input has \"input\" and may have \"id\" and \"instruction\". Every line gives "
    "one\n"
    "line, in order:\n"
    "  {\"id\", \"output\": text}\n"
    "Lines come as they are made, of a pipe or of - (standard input) as its lines come. With\n"
    "-o OUT, the lines of a run that is ended early stay in OUT.<digits>.part, and the same\n"
    "command goes on behind them.\n"
    "\n"
    "Special tokens are left out. Beam search is that of transformers with early_stopping=False.\n"
    "\n"
    "What the base's generation_config.json asks for (beams, lengths, tokens that are forced or "
    "may "
    "not\n"
    "come, ...) is done as in transformers, and said; options that are given win.\n"
    "\n";

static Status answer_generate(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                              PredictOut *out, Error *err) {
  char **text = calloc((size_t)n, sizeof *text);
  if (!text) return error_set(err, STATUS_RUN, "out of memory: the texts");
  Status status = predict_texts(p, asking, item, n, text, err);
  for (int64_t i = 0; i < n && status == STATUS_OK; i++) {
    json_t *line = json_pack("{s:s, s:s}", "id", item[i].id, "output", text[i]);
    status = predict_write_line(line, out->lines, err);
  }
  for (int64_t i = 0; i < n; i++) free(text[i]);
  free(text);
  return status;
}

static int run_generate(int argc, char **argv, Error *err) {
  PredictOptions o;
  Status status = predict_options_read(&o, PREDICT_GENERATE, argc, argv, err);
  if (status == STATUS_OK) status = predict_run(&o, "generate", answer_generate, err);
  predict_options_free(&o);
  return (int)status;
}

const Command command_generate = {
    .name = "generate",
    .summary = "write a text for every item",
    .usage = usage,
    .run = run_generate,
    .arguments = &predict_arguments,
    .form = PREDICT_GENERATE,
    .defaults = &predict_defaults,
    .settings = predict_settings,
};

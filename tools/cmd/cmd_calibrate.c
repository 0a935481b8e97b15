/* skein calibrate: make the scores of experts comparable. */
#include "tools/calibrate/calibrate_tool.h"
#include "tools/cmd/commands.h"

static const char usage[] =
    "skein calibrate: measure what each expert's scores are like, so that they can be compared\n"
    "\n"
    "Examples:\n"
    "  skein calibrate --pool pool --router norm --input texts.jsonl -o norm.calibration\n"
    "  skein score --pool pool --router norm -s calibration=norm.calibration --input rte.jsonl\n"
    "\n"
    "Usage: skein calibrate --pool DIR --input FILE --output FILE [--router NAME] [OPTION]...\n"
    "\n"
    "A router that goes by the largest score prefers an expert whose scores are large on any\n"
    "text. This reads items of any task with the base alone and writes the mean and the standard\n"
    "deviation of every expert's score at every module over their tokens: those of the inputs and\n"
    "of the choices, or of the targets where there are no choices. With `calibration: FILE` the\n"
    "routers phatgoose, glider, average-activation, arrow and norm take (score - mean) /\n"
    "deviation in the place of the score. The file is of one kind of scores and of the experts as\n"
    "they are: others are refused. Neither top_k nor what is added to scores has a part in it.\n"
    "\n";

static int run_calibrate(int argc, char **argv, Error *err) {
  PredictOptions o;
  Status status = predict_options_read(&o, PREDICT_CALIBRATE, argc, argv, err);
  if (status == STATUS_OK) status = calibrate_run(&o, err);
  predict_options_free(&o);
  return (int)status;
}

const Command command_calibrate = {
    .name = "calibrate",
    .summary = "measure the scores of experts, so that they can be compared",
    .usage = usage,
    .run = run_calibrate,
    .arguments = &predict_arguments,
    .form = PREDICT_CALIBRATE,
    .defaults = &predict_defaults,
    .settings = predict_settings,
};

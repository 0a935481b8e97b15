/* predict_options: the options that the commands share which ask a model: score, generate, trace,
 * suggest and calibrate. */
#ifndef SKEIN_PREDICT_OPTIONS_H
#define SKEIN_PREDICT_OPTIONS_H

#include "infer/predict/predict.h"
#include "tools/shell/command.h"

typedef struct PredictOptions {
  const char *base, *pool, *router, *embedder;
  const char *input, *output, *stats, *trace;
  const char *instruction, *task;
  bool bbh;
  ItemKeys keys;
  bool bf16, no_verify;
  bool require_provenance;
  bool compared; /* items are compared with experts, whatever the router reads */
  bool force;    /* outputs that are there are replaced */
  bool together; /* all items are answered in one call, for a benchmark; more are refused */
  int64_t max_input, max_target, max_output, beams, batch_tokens, threads;
  double length_penalty;
  PredictGiven given;                       /* which of these the user gave */
  bool generates;                           /* texts, and not scores */
  bool no_generation_config;                /* the base's is not read */
  TextList assignment;                      /* of -s */
  const char *item, *module, *token, *html; /* of trace */
  const char *by;                           /* of suggest */
  int64_t limit, seed;                      /* of suggest and calibrate */
  bool json;
} PredictOptions;

typedef enum PredictCommand {
  PREDICT_SCORE = 1,
  PREDICT_GENERATE = 2,
  PREDICT_TRACE = 4,
  PREDICT_SUGGEST = 8,
  PREDICT_CALIBRATE = 16,
} PredictCommand;

/* Reads the command line; an option of another command is unknown. The pool is an option, but of
 * suggest the operand. Free with predict_options_free, on failure too. */
Status predict_options_read(PredictOptions *o, PredictCommand command, int argc, char **argv,
                            Error *err);
void predict_options_free(PredictOptions *o);
PredictSettings predict_options_settings(const PredictOptions *o);

/* What is read that the options may not name themselves; each may be NULL. */
typedef struct PredictInputs {
  const char *base;        /* its directory */
  const OptionSet *router; /* the settings of the router, which name files */
} PredictInputs;

/* output_check of every output. Reading the options has done so already, of the inputs they name. */
Status predict_check_outputs(const PredictOptions *o, const PredictInputs *read, Error *err);

/* The options, by command, with their defaults; and the settings of a router (command.h). */
extern const ArgumentTable predict_arguments;
extern const PredictOptions predict_defaults;
void predict_settings(const char *verb, SettingsSeen *seen, void *arg);

#endif

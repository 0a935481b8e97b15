/* plot_instructions: skein plot instructions: how alike the instructions of names are. */
#ifndef SKEIN_PLOT_INSTRUCTIONS_H
#define SKEIN_PLOT_INSTRUCTIONS_H

#include "infer/embed/embed.h"
#include "tools/plot/plot.h"

typedef struct InstructionsRequest {
  const char *file;     /* infer/instruct/instructions.h */
  const char *embedder; /* as embedder_named takes it; NULL: lexical */
  const char *base;     /* of `encoder`; NULL: none */
  EmbedderSpec embed;   /* what else is said of the embedder */
} InstructionsRequest;

/* A figure of name x name. STATUS_USAGE for settings that the embedder does not read or lacks. */
Status plot_instructions(const InstructionsRequest *r, Figures *made, Error *err);

#endif

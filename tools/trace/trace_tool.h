/* trace_tool: why a token went where it went.
 *
 * The room tools/trace owns `skein trace`: one item answered under a router that is listened to
 * (trace_run), and what is shown of it: the modules and tokens there are, the terms of one token
 * (trace_facts), and all of it as a page (trace_page). The numbers are the run's own; it computes
 * none. */
#ifndef SKEIN_TRACE_TOOL_H
#define SKEIN_TRACE_TOOL_H

#include "infer/route/routing_terms.h"
#include "tools/predict/predict_parts.h"
#include "tools/shell/facts.h"

/* The tokens that the modules of one side have as rows: of the continuation what a row predicts. */
typedef struct TokenIds {
  int32_t
      *id; /* [count]; -1: not known, for the text is read as other tokens than were generated */
  int64_t count;
} TokenIds;

/* An item, its answer, and the terms of its tokens. */
typedef struct Trace {
  const PredictOptions *options;
  PredictParts parts;
  Item item;
  bool scored;  /* its choices were ranked; else a text was generated */
  char *answer; /* the choice that was predicted, or the text */
  RoutingTerms terms;
  TokenIds tokens[2]; /* by ModuleSide */
  int module;         /* that is looked at; -1: all */
  int64_t token;      /* that is looked at; -1: all */
} Trace;

/* Opens what the options name and answers the item. Close with trace_close whatever is returned;
 * the options must outlive it. */
Status trace_run(Trace *t, const PredictOptions *o, Error *err);
void trace_close(Trace *t);

/* The piece of a token, as the vocabulary has it, or "#N". Returns `out`, or a borrowed text. */
const char *trace_piece(const Trace *t, ModuleSide side, int64_t token, char out[24]);

/* What the options ask to see, for facts_print. */
Status trace_facts(Facts *f, const Trace *t, Error *err);

/* tools/trace/page.html, which has a place for the data. */
extern const char page_text[];

/* Writes all modules and tokens that were kept as a page of HTML that needs nothing else. */
Status trace_write_page(const Trace *t, const char *path, Error *err);

#endif

/* route_query: what an input is compared with the experts by.
 *
 *   query        TEXT
 *   instruction  the line's own instruction, else its task's, else the input
 *   task         its task's instruction; STATUS_USAGE where there is none
 *   line         the line's own instruction; STATUS_USAGE where there is none
 *   input        the input
 *   llm          what a language model writes of the input (infer/instruct/query_writer.h)
 *
 * For route_global.c; vectors of `precomputed`, which are found by the name of the task, and routing
 * by examples, which compares inputs, read none of it. */
#ifndef SKEIN_ROUTE_QUERY_H
#define SKEIN_ROUTE_QUERY_H

#include "infer/embed/embed.h"
#include "infer/instruct/query_writer.h"

/* What an input is routed by, besides its tokens. */
typedef struct RouteQuery {
  const char *task;        /* its name: the key of precomputed embeddings; may be NULL */
  const char *instruction; /* its task's; may be NULL */
  const char *input;
  const char *own; /* the line's own instruction; may be NULL */
} RouteQuery;

typedef enum QuerySource {
  QUERY_INSTRUCTION,
  QUERY_TASK,
  QUERY_LINE,
  QUERY_INPUT,
  QUERY_LLM
} QuerySource;
#define QUERY_CHOICES "instruction|task|line|input|llm"

typedef struct QuerySettings {
  int source; /* query: QuerySource */
  /* The others are of `llm`. */
  char *url, *model, *key_env; /* query.url, ...: the endpoint */
  char *pattern;               /* query.template */
  char *cache;                 /* query.cache */
  bool share_inputs;           /* query.share_inputs: inputs may be sent to another machine */
  double temperature;          /* query.temperature */
  int64_t max_tokens, seed;    /* query.max_tokens, query.seed */
} QuerySettings;

/* The writer that the settings ask for; NULL where they ask for none. */
Status query_open(QueryWriter **w, const QuerySettings *s, Error *err);

/* The text, valid while query and writer are, and who may see it. */
Status query_text(QuerySource source, QueryWriter *w, const RouteQuery *q, const char **text,
                  EmbedWhat *what, Error *err);

/* Whether there is a text; without an error, and without asking anybody. */
bool query_there(QuerySource source, const RouteQuery *q);

#endif

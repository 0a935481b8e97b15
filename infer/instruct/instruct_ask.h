/* instruct_ask: a question to a language model, and its answer that is an instruction. */
#ifndef SKEIN_INSTRUCT_ASK_H
#define SKEIN_INSTRUCT_ASK_H

#include "data/file/hash.h"
#include "data/net/endpoint.h"
#include "infer/instruct/instruct_check.h"

enum { INSTRUCT_TRIES = 3 }; /* of a question whose answers are no instructions */

/* How a model is asked. */
typedef struct InstructWay {
  double temperature; /* below 0: not sent, the endpoint chooses */
  int64_t max_tokens; /* 0: not sent */
  int64_t seed;       /* sent; endpoints that know seeds then answer alike */
} InstructWay;

/* The body of a question, {"model", "messages": [{"role": "user", "content": PROMPT}], "stream":
 * false, "seed", ...}; NULL when out of memory. json_decref it. */
json_t *instruct_question(const char *model, const char *prompt, const InstructWay *way);
/* SHA-256 of the endpoint and the question: equal questions have equal ones. */
Status instruct_question_hash(const char *url, const json_t *question, char hex[HASH_HEX],
                              Error *err);

/* Asks. `s` NULL: any text will do, also one that is cut off. An answer that instruct_check refuses is told to the model with the reason, which then
 * answers again. *text, the caller's; NULL where no answer was an instruction: then `why` says what
 * the last was wrong in, and the status is STATUS_OK. */
Status instruct_ask(Endpoint *e, EndpointReach reach, const json_t *question,
                    const InstructSample *s, char **text, char why[INSTRUCT_WHY], Error *err);

#endif

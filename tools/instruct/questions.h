/* questions: what is to be asked, a question for each sample of each task. */
#ifndef SKEIN_QUESTIONS_H
#define SKEIN_QUESTIONS_H

#include "tools/instruct/instruct_tool.h"
#include "tools/shell/console.h"

typedef struct Question {
  char *name;       /* of the expert or task */
  const char *file; /* of its items; borrowed from the options */
  int number;       /* of the sample */
  InstructSample sample;
  char *prompt;
  json_t *body;
  char hash[HASH_HEX];
  char *answer;           /* NULL: none yet */
  char why[INSTRUCT_WHY]; /* why there is none, after asking */
} Question;

typedef struct Questions {
  Question *question; /* [count], those of a name one after the other */
  int count;
} Questions;

/* Reads the files and draws. Free with questions_free whatever is returned. */
Status questions_make(Questions *q, const InstructOptions *o, Error *err);
void questions_free(Questions *q);
int questions_open(const Questions *q); /* how many have no answer */

/* What would be sent, and to whom, on stdout (of questions without an answer the whole prompt). */
void plan_show(const Questions *q, const InstructOptions *o, const Endpoint *e);
/* The same of one question on stderr, before it goes to somebody else's machine. */
void plan_tell(const Question *q, const Endpoint *e, Progress *p);
/* A line on what was done: on stdout, or on stderr where stdout is a report in JSON. */
void plan_say(const InstructOptions *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Who may receive the questions: STATUS_USAGE where the endpoint is another machine and
 * --share-examples is not given. */
Status plan_reach(const InstructOptions *o, const Endpoint *e, EndpointReach *reach, Error *err);

/* Whether POOL has these experts, and no other instructions for them unless --replace is given. */
Status instruct_pool_check(const Questions *q, const InstructOptions *o, Error *err);
/* Gives each expert the first answer of its name. */
Status instruct_pool_write(const Questions *q, const InstructOptions *o, Error *err);

/* How far the answers of a name are apart, as a report on stdout. */
Status instruct_spread(const Questions *q, const InstructOptions *o, Error *err);

#endif

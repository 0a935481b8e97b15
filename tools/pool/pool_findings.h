/* pool_findings: what a check of a pool found. */
#ifndef SKEIN_POOL_FINDINGS_H
#define SKEIN_POOL_FINDINGS_H

#include "tools/shell/facts.h"

typedef struct Findings {
  Facts facts;
  json_t *rows;  /* in facts: {level, expert, finding}; level: error, note or gate */
  Status status; /* the largest of the errors' */
  int errors, notes;
} Findings;

Findings findings_new(void);
void findings_free(Findings *f);

/* One line about an expert, or about the pool (NULL). STATUS_OK: a note. */
void findings_add(Findings *f, const char *expert, Status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What is known of an expert's gates (gate_audit.h); neither note nor error. */
void findings_add_gate(Findings *f, const char *expert, double first, double aligned,
                       const char *beside);
/* A failure is a finding where it is about the files; otherwise it is returned, in `err`. */
Status findings_add_failure(Findings *f, const char *expert, const Error *failure, Error *err);

/* One line each on stderr. */
void findings_tell(const Findings *f);
/* One line each and a last one that counts them; or one JSON object. */
Status findings_print(Findings *f, const char *dir, int experts, bool as_json, Error *err);

#endif

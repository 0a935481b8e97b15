/* status: how every library function of skein reports failure.
 *
 * The room autograd/ground owns what everything stands on and what computes nothing: failures,
 * memory (arena.h, array.h), threads (parallel.h), number formats (dtype.h), random numbers
 * (rng.h), the order of numbers (order.h), which characters may be shown (visible.h), which word was
 * meant (nearest.h). It knows no other room.
 *
 * A fallible function returns a Status and takes an `Error *err` as its last argument.
 * The first cause wins: an Error that already holds a failure is never overwritten, so the
 * root cause survives unwinding. Libraries never print and never exit; `tools/` prints the one
 * line and uses the Status as the exit code of the program. */
#ifndef SKEIN_STATUS_H
#define SKEIN_STATUS_H

/* The values are the documented exit codes of the program. */
typedef enum Status {
  STATUS_OK = 0,
  STATUS_RUN = 1,           /* run time: I/O, memory, numeric */
  STATUS_USAGE = 2,         /* command line or configuration */
  STATUS_INPUT = 3,         /* unreadable or malformed input file */
  STATUS_MISMATCH = 4,      /* parts that do not belong together (base, shape, rank) */
  STATUS_ENDPOINT = 5,      /* a network endpoint failed */
  STATUS_PARTIAL = 6,       /* finished, but some cells failed */
  STATUS_INTERRUPTED = 130, /* interrupted; state was saved */
  STATUS_UNREAD = 141,      /* whoever read the output has left: what SIGPIPE is to a shell */
} Status;

enum { ERROR_TEXT = 1024 };

/* Zero-initialise before use. `text` is one line: "file: field: place: what is wrong; remedy". */
typedef struct Error {
  Status status;
  char text[ERROR_TEXT];
} Error;

/* Records a failure unless one is already there; what is hidden (visible.h) is escaped.
 * `status` must not be STATUS_OK; `err` may be NULL. Returns the status now in force, so that
 * `return error_set(err, STATUS_INPUT, ...)` reads as one statement. */
Status error_set(Error *err, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and the text of errno appended. */
Status error_set_errno(Error *err, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns the failure of `call` from the enclosing function. */
#define TRY(call)                                     \
  do {                                                \
    Status try_status_ = (call);                      \
    if (try_status_ != STATUS_OK) return try_status_; \
  } while (0)

#endif

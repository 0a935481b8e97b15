/* skein: a base, a pool of experts and a router, for programs in C and C++. Link with
 * `pkg-config --cflags --libs skein`.
 *
 * The room infer/library owns this header, the one that is installed, and what stands behind it.
 * What it computes is what `skein score` and `skein generate` print, to the bit.
 *
 * A function that can fail returns SKEIN_OK or what went wrong, and then fills *error, if it is not
 * NULL, with that and one line of text: file, place, what is wrong, what to do. What it was to make
 * is then not there, and nothing is to be freed. The library prints nothing, never ends the program,
 * sets no locale and no signal, and keeps no state but its handles. One handle serves one thread at
 * a time; several handles serve several threads. Texts are UTF-8. */
#ifndef SKEIN_H
#define SKEIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts up when something is added; what is there stays as it is while the library is called
 * libskein.so.0. */
#define SKEIN_API    1
#define SKEIN_EXPORT __attribute__((visibility("default")))

/* The exit codes of the program. */
typedef enum SkeinStatus {
  SKEIN_OK = 0,
  SKEIN_RUN = 1,      /* while running: memory, disk, numbers */
  SKEIN_USAGE = 2,    /* a setting or an argument */
  SKEIN_INPUT = 3,    /* an unreadable or malformed file or text */
  SKEIN_MISMATCH = 4, /* parts that do not belong together */
  SKEIN_ENDPOINT = 5, /* a network endpoint failed */
} SkeinStatus;

typedef struct SkeinError {
  SkeinStatus status;
  char text[1024];
} SkeinError;

typedef struct Skein Skein;

/* Opens a T5 directory and a pool. `base` NULL: the one that the pool names; `pool` NULL: the plain
 * base answers. `settings` are texts "key=value", the last one NULL, or NULL for none: those of
 * `skein help score` that a router has (router=phatgoose, top_k=2, global.scale=3, only=a,b ...),
 * and
 *
 *   threads=2           max_input=512      tokens of an input, EOS included
 *   precision=f32|bf16  max_target=512     tokens of a choice, EOS included
 *   verify=true         max_output=64      tokens generated, EOS included
 *   beams=1             batch_tokens=4096  tokens in one forward
 *   length_penalty=1    generation_config=true   take what the base's says of generation
 *
 * verify: the files of the pool are compared with their hashes in pool.yaml. */
SKEIN_EXPORT SkeinStatus skein_open(Skein **skein, const char *base, const char *pool,
                                    const char *const *settings, SkeinError *error);
SKEIN_EXPORT void skein_close(Skein *skein); /* NULL is allowed */

/* Names are the handle's. NULL where there is no such number; numbers count from 0. */
SKEIN_EXPORT int skein_experts(const Skein *skein);
SKEIN_EXPORT const char *skein_expert(const Skein *skein, int expert);
SKEIN_EXPORT int skein_modules(const Skein *skein);
SKEIN_EXPORT const char *skein_module(const Skein *skein, int module);

typedef struct SkeinItem {
  const char *input;
  const char *const *choices; /* the last one NULL; for skein_score */
  const char *instruction;    /* compared with the experts'; NULL: the input is */
} SkeinItem;

typedef struct SkeinScore {
  int prediction; /* the largest score; the first among equal ones */
  int choices;
  double *score;  /* [choices] mean log-likelihood of a token, EOS counted */
  double *loglik; /* [choices] its sum, nats */
  bool *unknown;  /* [choices] of characters alone that the base has no pieces for: the score is not
                     the choice's own; NULL: none is */
} SkeinScore;

/* Ranks the choices of `count` items; free the results together with skein_scores_free. */
SKEIN_EXPORT SkeinStatus skein_score(Skein *skein, const SkeinItem *items, size_t count,
                                     SkeinScore *scores, SkeinError *error);
SKEIN_EXPORT void skein_scores_free(SkeinScore *scores, size_t count);

/* A text for each of `count` items; free the results together with skein_texts_free. */
SKEIN_EXPORT SkeinStatus skein_generate(Skein *skein, const SkeinItem *items, size_t count,
                                        char **texts, SkeinError *error);
SKEIN_EXPORT void skein_texts_free(char **texts, size_t count);

/* An expert that a token of the input goes to at a module, and its weight there. */
typedef struct SkeinVisit {
  int32_t module, token, expert;
  float weight;
} SkeinVisit;

/* Where the tokens of an input go: at every module that reads them, in the order of the forward,
 * token by token. Free with skein_visits_free. The plain base, and
 * routers that merge experts beforehand, make none: *count is 0. */
SKEIN_EXPORT SkeinStatus skein_route(Skein *skein, const SkeinItem *item, SkeinVisit **visits,
                                     size_t *count, SkeinError *error);
SKEIN_EXPORT void skein_visits_free(SkeinVisit *visits);

/* The pieces of an input as the model reads it, EOS at the end, cut at max_input: what the tokens of
 * skein_route are called. Free with skein_pieces_free. */
SKEIN_EXPORT SkeinStatus skein_pieces(const Skein *skein, const char *input, char ***pieces,
                                      size_t *count, SkeinError *error);
SKEIN_EXPORT void skein_pieces_free(char **pieces, size_t count);

/* "0.1.0", and of a commit "0.1.0+1a2b3c4". */
SKEIN_EXPORT const char *skein_version(void);

#ifdef __cplusplus
}
#endif

#endif

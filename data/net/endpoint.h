/* endpoint: a model behind the API that OpenAI began and llama.cpp's server, vLLM and Ollama speak,
 * too: JSON posted to URL/chat/completions and URL/embeddings.
 *
 * What may pass is tried again: a connection that fails or breaks, time that runs out, and the codes
 * 408, 429, 500, 502, 503 and 504. Between tries lie 1, 2, 4 ... seconds, or as many as the answer
 * asks for in Retry-After. Where it asks for more than two minutes, that is told and it is over.
 *
 * The key is read from a variable of the environment, and stands in no message: where an answer says
 * it, it is taken out. */
#ifndef SKEIN_ENDPOINT_H
#define SKEIN_ENDPOINT_H

#include "data/net/http.h"
#include "data/text/json.h"

/* What the user calls the settings of an endpoint, by which messages begin. */
typedef struct EndpointNames {
  const char *url, *model, *key_env;
} EndpointNames;

typedef struct EndpointSpec {
  const char *url;            /* "http://127.0.0.1:8080/v1"; borrowed, as are the other texts */
  const char *model;          /* as the endpoint calls it */
  const char *key_env;        /* the variable that holds the key; NULL: no key is sent */
  const EndpointNames *names; /* NULL: --endpoint, --model, --key-env */
  double seconds;             /* the most that a try may take; 0: 300 */
  int tries;                  /* 0: 4 */
  double pause;               /* seconds before the second try; 0: 1 */
  const volatile sig_atomic_t *stop;         /* not 0: give up; may be NULL */
  void (*tell)(void *arg, const char *line); /* of each try that failed; may be NULL */
  void *arg;
} EndpointSpec;

typedef struct Endpoint Endpoint;

/* STATUS_USAGE for a URL that http_place refuses, no model, and a variable that is not set or holds
 * no key. Nothing is sent. */
Status endpoint_open(Endpoint **e, const EndpointSpec *spec, Error *err);
void endpoint_close(Endpoint *e); /* NULL is allowed */
const HttpPlace *endpoint_place(const Endpoint *e);
const char *endpoint_model(const Endpoint *e);

/* Who may receive a request. */
typedef enum EndpointReach {
  REACH_LOOPBACK, /* this machine alone */
  REACH_ANYWHERE,
} EndpointReach;

/* Posts `body` to URL/`path` ("chat/completions"); the answer, of at most `most` bytes, is JSON with
 * an object at its root, in *answer: json_free it. STATUS_ENDPOINT after the last try, for every
 * other code than 200, with what the answer says of it, and for what is no JSON. */
Status endpoint_post(Endpoint *e, EndpointReach reach, const char *path, const json_t *body,
                     size_t most, JsonDoc *answer, Error *err);

/* "URL: what"; for an answer that is JSON and not as it should be. */
Status endpoint_refuse(const Endpoint *e, Error *err, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

#endif

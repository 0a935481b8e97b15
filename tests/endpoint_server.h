/* endpoint_server: a server on loopback that does what it is told, step by step, one a request. */
#ifndef SKEIN_TESTS_ENDPOINT_SERVER_H
#define SKEIN_TESTS_ENDPOINT_SERVER_H

typedef enum ServerAct {
  SERVE_TEXT,  /* `code` with `body` and the lines `head` */
  SERVE_CHAT,  /* 200 with `body` as what the model says */
  SERVE_CUT,   /* the same, and that it ended at a limit */
  SERVE_EMBED, /* 200 with a vector a text of the request, of its length and first letters */
  SERVE_HALF,  /* 200 with a length, and half of `body` */
  SERVE_LONG,  /* 200 and bytes without an end, 100 MB at most */
  SERVE_DRIP,  /* 200 and a byte now and then */
  SERVE_HANG,  /* nothing, until the other side closes */
  SERVE_CLOSE, /* closes at once */
} ServerAct;

typedef struct ServerStep {
  ServerAct act;
  int code; /* 0: 200 */
  const char *body;
  const char *head; /* "Retry-After: 1\r\n"; NULL: none */
} ServerStep;

typedef struct EndpointServer EndpointServer;

/* Serves in a thread of its own until server_stop; the last step is done again and again. `step` is
 * [steps] and borrowed. */
EndpointServer *server_start(const ServerStep *step, int steps);
void server_stop(EndpointServer *s);
const char *server_url(const EndpointServer *s); /* "http://127.0.0.1:<port>/v1" */
int server_port(const EndpointServer *s);
/* What came, to be asked when no request is on its way: how many, and each with its head. */
int server_requests(const EndpointServer *s);
const char *server_request(const EndpointServer *s, int i);

#endif

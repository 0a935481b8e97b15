/* http: one text posted to a URL, and what came back.
 *
 * The room data/net owns what leaves the machine: requests (this header; curl_library.h is the door
 * to libcurl), which addresses are this machine's (loopback.h), and how often an OpenAI-compatible
 * endpoint is asked (endpoint.h). What a question is about it does
 * not know.
 *
 * Certificates are verified, redirects are never followed, nothing but http and https is spoken, and
 * no compression is asked for, so that an answer is as long as it is. With `loopback_only` it is
 * the address of the socket that counts, as it is connected and whatever a name says, and proxies
 * of the environment are passed over. */
#ifndef SKEIN_HTTP_H
#define SKEIN_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct HttpClient HttpClient; /* keeps its connection for the next request */

typedef struct HttpRequest {
  const char *url;
  const char *key;  /* of "Authorization: Bearer"; NULL: none is sent */
  const char *body; /* JSON */
  bool loopback_only;
  double connect_seconds, total_seconds; /* at most; the second with the whole of the answer */
  size_t most;                           /* bytes of an answer */
  const volatile sig_atomic_t *stop;     /* not 0: give up; may be NULL */
} HttpRequest;

typedef struct HttpAnswer {
  int code;           /* of HTTP; 0: no whole answer came, and `err` says why */
  double retry_after; /* seconds, as the answer asks; 0: it does not */
  bool passing;       /* without a code: the next try may succeed */
  char *text;         /* [size] and a NUL; the caller frees */
  size_t size;
} HttpAnswer;

Status http_open(HttpClient **c, Error *err);
void http_close(HttpClient *c); /* NULL is allowed */

/* STATUS_ENDPOINT where no whole answer came: the endpoint cannot be reached, is none of loopback,
 * says too much or too slowly. STATUS_INTERRUPTED after `stop`. An answer of any code is
 * STATUS_OK. */
Status http_post(HttpClient *c, const HttpRequest *request, HttpAnswer *answer, Error *err);

/* Where a URL leads. */
typedef struct HttpPlace {
  char host[256];
  bool loopback;   /* every address of the host is 127.0.0.0/8 or ::1 */
  bool resolved;   /* it has addresses, as far as this machine can tell now */
  bool secret;     /* https: nobody on the way can read it */
  char proxy[256]; /* of the environment, for this URL; "": none */
} HttpPlace;

/* STATUS_USAGE unless `url` is http or https with a host, without user, password, query and
 * fragment; the message begins with `name`, what the user calls it. */
Status http_place(const char *url, const char *name, HttpPlace *place, Error *err);

#endif

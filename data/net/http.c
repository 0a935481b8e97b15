#include "data/net/http.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autograd/ground/array.h"
#include "data/net/curl_library.h"
#include "data/net/loopback.h"

struct HttpClient {
  CurlLibrary lib;
  CURL *curl;
};

/* One request on its way. */
typedef struct Transfer {
  const HttpRequest *request;
  HttpAnswer *answer;
  bool strange;  /* an address was refused: it is none of loopback */
  bool too_long; /* the answer was */
  bool no_memory;
  char why[CURL_ERROR_SIZE];
} Transfer;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the connection to an endpoint");
}

static Status start(HttpClient *c, Error *err) {
  TRY(curl_library_load(&c->lib, err));
  if (c->lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) c->curl = c->lib.easy_init();
  return c->curl ? STATUS_OK : no_memory(err);
}

Status http_open(HttpClient **out, Error *err) {
  *out = NULL;
  HttpClient *c = calloc(1, sizeof *c);
  if (!c) return no_memory(err);
  Status status = start(c, err);
  if (status == STATUS_OK) {
    *out = c;
  } else {
    free(c);
  }
  return status;
}

void http_close(HttpClient *c) {
  if (!c) return;
  c->lib.easy_cleanup(c->curl);
  free(c);
}

/* ---- what libcurl calls ---- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)purpose;
  Transfer *t = arg;
  if (t->request->loopback_only && !address_is_loopback(&address->addr)) {
    t->strange = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_bytes(char *data, size_t one, size_t size, void *arg) {
  (void)one;
  Transfer *t = arg;
  HttpAnswer *a = t->answer;
  if (size > t->request->most - a->size) {
    t->too_long = true;
    return 0;
  }
  char *grown = array_grow(a->text, a->size, size + 1, 1);
  if (!grown) {
    t->no_memory = true;
    return 0;
  }
  a->text = grown;
  memcpy(a->text + a->size, data, size);
  a->size += size;
  return size;
}

static int asked_to_stop(void *arg, curl_off_t down, curl_off_t got, curl_off_t up,
                         curl_off_t sent) {
  (void)down, (void)got, (void)up, (void)sent;
  const Transfer *t = arg;
  return t->request->stop && *t->request->stop;
}

/* ---- a request ---- */

static struct curl_slist *make_headers(const CurlLibrary *lib, const char *key) {
  struct curl_slist *headers = lib->slist_append(NULL, "Content-Type: application/json");
  char *line = NULL;
  if (!headers || !key) return headers;
  struct curl_slist *longer = NULL;
  if (asprintf(&line, "Authorization: Bearer %s", key) >= 0)
    longer = lib->slist_append(headers, line);
  if (!longer) lib->slist_free_all(headers);
  if (line) explicit_bzero(line, strlen(line));
  free(line);
  return longer;
}

#define SET(option, value) (c->lib.easy_setopt(c->curl, option, value) == CURLE_OK)

static bool set_callbacks(const HttpClient *c, Transfer *t) {
  return SET(CURLOPT_OPENSOCKETFUNCTION, open_socket) && SET(CURLOPT_OPENSOCKETDATA, t) &&
         SET(CURLOPT_WRITEFUNCTION, take_bytes) && SET(CURLOPT_WRITEDATA, t) &&
         SET(CURLOPT_XFERINFOFUNCTION, asked_to_stop) && SET(CURLOPT_XFERINFODATA, t) &&
         SET(CURLOPT_NOPROGRESS, 0L) && SET(CURLOPT_ERRORBUFFER, t->why);
}

static bool set_request(const HttpClient *c, const HttpRequest *r,
                        const struct curl_slist *headers) {
  return SET(CURLOPT_URL, r->url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
         SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
         SET(CURLOPT_HTTPHEADER, headers) &&
         SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(r->body)) &&
         SET(CURLOPT_POSTFIELDS, r->body) &&
         SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(r->connect_seconds * 1000)) &&
         SET(CURLOPT_TIMEOUT_MS, (long)(r->total_seconds * 1000)) && SET(CURLOPT_NOSIGNAL, 1L);
}

/* A connection is used again without open_socket: only those that it has let through are kept. */
static bool set_reach(const HttpClient *c, bool loopback_only) {
  return loopback_only ? SET(CURLOPT_PROXY, "") : SET(CURLOPT_FORBID_REUSE, 1L);
}

/* What may be otherwise a moment later: not a certificate, a name without addresses or a refusal of
 * our own. */
static bool may_pass(CURLcode code) {
  static const CURLcode PASSING[] = {CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
                                     CURLE_GOT_NOTHING,     CURLE_RECV_ERROR,
                                     CURLE_SEND_ERROR,      CURLE_PARTIAL_FILE};
  for (size_t i = 0; i < sizeof PASSING / sizeof *PASSING; i++)
    if (PASSING[i] == code) return true;
  return false;
}

static Status tell_failure(const HttpClient *c, const Transfer *t, CURLcode code, Error *err) {
  const char *url = t->request->url;
  if (t->no_memory || code == CURLE_OUT_OF_MEMORY)
    return error_set(err, STATUS_RUN, "out of memory: the answer of %.200s", url);
  if (code == CURLE_ABORTED_BY_CALLBACK)
    return error_set(err, STATUS_INTERRUPTED, "interrupted while waiting for %.200s", url);
  if (t->strange)
    return error_set(err, STATUS_ENDPOINT,
                     "%.200s: is at an address that is none of this machine's loopback; what would "
                     "be sent may not leave the machine",
                     url);
  if (t->too_long)
    return error_set(err, STATUS_ENDPOINT, "%.200s: the answer is longer than %zu bytes", url,
                     t->request->most);
  return error_set(err, STATUS_ENDPOINT, "%.200s: %s", url,
                   t->why[0] ? t->why : c->lib.easy_strerror(code));
}

static Status read_facts(const HttpClient *c, HttpAnswer *a, Error *err) {
  long code = 0;
  curl_off_t wait = 0;
  c->lib.easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &code);
  c->lib.easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &wait);
  a->code = (int)code;
  a->retry_after = (double)wait;
  if (!a->text && !(a->text = malloc(1)))
    return error_set(err, STATUS_RUN, "out of memory: the answer of an endpoint");
  a->text[a->size] = '\0';
  return STATUS_OK;
}

static Status perform(const HttpClient *c, Transfer *t, Error *err) {
  CURLcode code = c->lib.easy_perform(c->curl);
  if (code == CURLE_OK) return read_facts(c, t->answer, err);
  t->answer->passing = may_pass(code) && !t->strange;
  return tell_failure(c, t, code, err);
}

Status http_post(HttpClient *c, const HttpRequest *request, HttpAnswer *answer, Error *err) {
  *answer = (HttpAnswer){0};
  Transfer t = {.request = request, .answer = answer};
  struct curl_slist *headers = make_headers(&c->lib, request->key);
  c->lib.easy_reset(c->curl);
  bool ready = headers && set_callbacks(c, &t) && set_request(c, request, headers) &&
               set_reach(c, request->loopback_only);
  Status status =
      ready ? perform(c, &t, err) : error_set(err, STATUS_RUN, "out of memory: a request");
  c->lib.slist_free_all(headers);
  if (status != STATUS_OK) {
    free(answer->text);
    answer->text = NULL;
    answer->size = 0;
  }
  return status;
}

/* ---- where a URL leads ---- */

static Status refuse_url(const char *name, const char *what, Error *err) {
  return error_set(err, STATUS_USAGE, "%s: %s", name, what);
}

static bool has_part(const CurlLibrary *lib, CURLU *u, CURLUPart part) {
  char *text = NULL;
  bool there = lib->url_get(u, part, &text, 0) == CURLUE_OK;
  lib->free(text);
  return there;
}

/* The proxy that libcurl would take: lower case first, and of HTTP_PROXY lower case alone. */
static void find_proxy(HttpPlace *place) {
  const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
  const char *const *name = place->secret ? https : http;
  for (int i = 0; i < 4 && name[i] && !place->proxy[0]; i++) {
    const char *value = getenv(name[i]);
    const char *host = value ? strrchr(value, '@') : NULL; /* a password may stand before it */
    if (value) snprintf(place->proxy, sizeof place->proxy, "%s", host ? host + 1 : value);
  }
}

static Status read_url(const CurlLibrary *lib, CURLU *u, const char *url, const char *name,
                       HttpPlace *place, Error *err) {
  if (lib->url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
    return refuse_url(name, "is no URL such as http://127.0.0.1:8080/v1", err);
  if (has_part(lib, u, CURLUPART_USER) || has_part(lib, u, CURLUPART_PASSWORD))
    return refuse_url(name,
                      "holds a user or a password, which others can see; put a key into a variable "
                      "of the environment and name that",
                      err);
  if (has_part(lib, u, CURLUPART_QUERY) || has_part(lib, u, CURLUPART_FRAGMENT))
    return refuse_url(
        name, "has a query or a fragment; want the URL that /chat/completions is put behind", err);
  char *scheme = NULL, *host = NULL;
  lib->url_get(u, CURLUPART_SCHEME, &scheme, 0);
  lib->url_get(u, CURLUPART_HOST, &host, 0);
  bool known = scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
  bool fits = host && strlen(host) < sizeof place->host;
  if (known && fits) {
    strcpy(place->host, host);
    place->secret = strcmp(scheme, "https") == 0;
  }
  lib->free(scheme);
  lib->free(host);
  return known && fits ? STATUS_OK : refuse_url(name, "want http:// or https:// and a host", err);
}

Status http_place(const char *url, const char *name, HttpPlace *place, Error *err) {
  *place = (HttpPlace){0};
  CurlLibrary lib;
  TRY(curl_library_load(&lib, err));
  CURLU *u = lib.url();
  if (!u) return error_set(err, STATUS_RUN, "out of memory: a URL");
  Status status = read_url(&lib, u, url, name, place, err);
  lib.url_cleanup(u);
  TRY(status);
  host_look(place->host, &place->resolved, &place->loopback);
  if (!place->loopback) find_proxy(place);
  return STATUS_OK;
}

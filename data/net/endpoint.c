#include "data/net/endpoint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double CONNECT_SECONDS = 15, MOST_SECONDS = 300, PAUSE = 1;
static const double LONGEST_PAUSE = 30; /* of those that we choose */
static const double LONGEST_WAIT = 120; /* of those that an endpoint asks for */
enum { TRIES = 4 };

struct Endpoint {
  HttpClient *client;
  HttpPlace place;
  EndpointSpec spec;
  char *url, *model; /* the URL has no slash at its end */
  char *key;         /* NULL: none */
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: an endpoint");
}

/* ---- opening ---- */

/* What the user calls them: settings of `spec->names`, or options. */
static const EndpointNames *names_of(const EndpointSpec *spec) {
  static const EndpointNames OPTIONS = {"--endpoint", "--model", "--key-env"};
  return spec->names ? spec->names : &OPTIONS;
}

static Status read_key(Endpoint *e, const EndpointSpec *spec, Error *err) {
  const char *key = getenv(spec->key_env), *name = names_of(spec)->key_env;
  if (!key || !*key)
    return error_set(err, STATUS_USAGE, "%s: the variable '%.100s' of the environment is not set",
                     name, spec->key_env);
  for (const char *p = key; *p; p++) {
    if (*p > ' ' && *p < 0x7f) continue;
    return error_set(err, STATUS_USAGE,
                     "%s: the variable '%.100s' holds blanks or characters that no key has", name,
                     spec->key_env);
  }
  e->key = strdup(key);
  return e->key ? STATUS_OK : no_memory(err);
}

static Status fill(Endpoint *e, const EndpointSpec *spec, Error *err) {
  if (!spec->model || !*spec->model)
    return error_set(err, STATUS_USAGE, "%s: is missing; want the name that the endpoint knows",
                     names_of(spec)->model);
  TRY(http_place(spec->url, names_of(spec)->url, &e->place, err));
  e->spec = *spec;
  if (e->spec.seconds <= 0) e->spec.seconds = MOST_SECONDS;
  if (e->spec.tries <= 0) e->spec.tries = TRIES;
  if (e->spec.pause <= 0) e->spec.pause = PAUSE;
  e->url = strdup(spec->url);
  e->model = strdup(spec->model);
  if (!e->url || !e->model) return no_memory(err);
  for (size_t n = strlen(e->url); n > 0 && e->url[n - 1] == '/'; n--) e->url[n - 1] = '\0';
  if (spec->key_env) TRY(read_key(e, spec, err));
  return http_open(&e->client, err);
}

Status endpoint_open(Endpoint **out, const EndpointSpec *spec, Error *err) {
  *out = NULL;
  Endpoint *e = calloc(1, sizeof *e);
  if (!e) return no_memory(err);
  Status status = fill(e, spec, err);
  if (status == STATUS_OK) {
    *out = e;
  } else {
    endpoint_close(e);
  }
  return status;
}

void endpoint_close(Endpoint *e) {
  if (!e) return;
  http_close(e->client);
  if (e->key) explicit_bzero(e->key, strlen(e->key));
  free(e->key);
  free(e->url);
  free(e->model);
  free(e);
}

const HttpPlace *endpoint_place(const Endpoint *e) {
  return &e->place;
}

const char *endpoint_model(const Endpoint *e) {
  return e->model;
}

/* ---- what went wrong ---- */

Status endpoint_refuse(const Endpoint *e, Error *err, const char *what, ...) {
  char text[ERROR_TEXT];
  va_list args;
  va_start(args, what);
  vsnprintf(text, sizeof text, what, args);
  va_end(args);
  for (char *at; e->key && (at = strstr(text, e->key));) memset(at, '*', strlen(e->key));
  return error_set(err, STATUS_ENDPOINT, "%.200s: %s", e->url, text);
}

/* What a body says of a failure: {"error": {"message": TEXT}}, {"error": TEXT}, {"message": TEXT};
 * borrowed. */
static const char *find_message(const json_t *root) {
  const json_t *error = json_object_get(root, "error");
  const char *text = json_string_value(json_object_get(error, "message"));
  if (!text) text = json_string_value(error);
  return text ? text : json_string_value(json_object_get(root, "message"));
}

static Status refuse_code(const Endpoint *e, const HttpAnswer *a, Error *err) {
  JsonDoc doc = {.file = e->url};
  Error ignored = {0};
  const char *said = NULL;
  if (json_parse(&doc, a->text, a->size, &ignored) == STATUS_OK) said = find_message(doc.root);
  const char *hint = "";
  if (a->code >= 300 && a->code < 400)
    hint = "; it leads elsewhere, which is not followed: give the URL that it leads to";
  if (a->code == 404) hint = "; want the URL that /chat/completions is put behind, as in .../v1";
  Status status = endpoint_refuse(e, err, "answers %d%s%.400s%s", a->code, said ? ": " : "",
                                  said ? said : "", hint);
  json_free(&doc);
  return status;
}

static bool code_may_pass(int code) {
  return code == 408 || code == 429 || code == 500 || code == 502 || code == 503 || code == 504;
}

/* ---- tries ---- */

/* STATUS_INTERRUPTED where that is asked for while waiting. */
static Status wait_for_next(const Endpoint *e, double seconds, Error *err) {
  struct timespec now, end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  for (;;) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    double left =
        seconds - (double)(now.tv_sec - end.tv_sec) - (double)(now.tv_nsec - end.tv_nsec) * 1e-9;
    if (e->spec.stop && *e->spec.stop)
      return error_set(err, STATUS_INTERRUPTED, "interrupted while waiting for %.200s", e->url);
    if (left <= 0) return STATUS_OK;
    nanosleep(&(struct timespec){0, (long)(1e9 * (left < 0.05 ? left : 0.05))}, NULL);
  }
}

static void tell_next(const Endpoint *e, const Error *why, double seconds) {
  char line[ERROR_TEXT + 64];
  if (!e->spec.tell) return;
  snprintf(line, sizeof line, "%s; again in %.3g s", why->text, seconds);
  e->spec.tell(e->spec.arg, line);
}

/* One try: *again when the next may succeed, not before *wait seconds. */
static Status try_once(Endpoint *e, const HttpRequest *r, HttpAnswer *a, bool *again, double *wait,
                       Error *err) {
  *wait = 0;
  *again = false;
  Status status = http_post(e->client, r, a, err);
  if (status != STATUS_OK) {
    *again = status == STATUS_ENDPOINT && a->passing;
    return status;
  }
  if (a->code == 200) return STATUS_OK;
  *again = code_may_pass(a->code);
  *wait = a->retry_after;
  status = refuse_code(e, a, err);
  free(a->text);
  *a = (HttpAnswer){0};
  return status;
}

static Status post_text(Endpoint *e, const HttpRequest *r, HttpAnswer *a, Error *err) {
  double pause = e->spec.pause;
  for (int try = 1;; try++, pause *= 2) {
    Error why = {0};
    bool again;
    double wait;
    Status status = try_once(e, r, a, &again, &wait, &why);
    if (status == STATUS_OK) return STATUS_OK;
    if (wait > LONGEST_WAIT)
      return error_set(err, status, "%s; it asks to be left alone for %.0f seconds: run again then",
                       why.text, wait);
    if (!again) return error_set(err, status, "%s", why.text);
    if (try >= e->spec.tries)
      return error_set(err, status, "%s; tried %d time%s", why.text, try, try == 1 ? "" : "s");
    if (pause > LONGEST_PAUSE) pause = LONGEST_PAUSE;
    if (wait < pause) wait = pause;
    tell_next(e, &why, wait);
    TRY(wait_for_next(e, wait, err));
  }
}

/* Gateways report with code 200 what failed behind them. */
static Status parse_answer(const Endpoint *e, const HttpAnswer *a, JsonDoc *doc, Error *err) {
  Error why = {0};
  *doc = (JsonDoc){.file = e->url};
  Status status = json_parse(doc, a->text, a->size, &why);
  const json_t *error = json_object_get(doc->root, "error");
  bool object = status == STATUS_OK && json_is_object(doc->root);
  if (object && (!error || json_is_null(error))) return STATUS_OK;
  const char *said = find_message(doc->root), *kind = json_kind(doc->root);
  if (object)
    endpoint_refuse(e, err, "answers 200 and an error: %.400s", said ? said : json_kind(error));
  else
    endpoint_refuse(e, err, "the answer is no JSON object: %s",
                    status == STATUS_OK ? kind : why.text);
  json_free(doc);
  return STATUS_ENDPOINT;
}

Status endpoint_post(Endpoint *e, EndpointReach reach, const char *path, const json_t *body,
                     size_t most, JsonDoc *answer, Error *err) {
  HttpAnswer a = {0};
  char *url = NULL, *text = json_dumps(body, JSON_COMPACT);
  *answer = (JsonDoc){0};
  if (!text || asprintf(&url, "%s/%s", e->url, path) < 0) {
    free(text);
    return no_memory(err);
  }
  HttpRequest r = {.url = url,
                   .key = e->key,
                   .body = text,
                   .loopback_only = reach == REACH_LOOPBACK,
                   .connect_seconds = CONNECT_SECONDS,
                   .total_seconds = e->spec.seconds,
                   .most = most,
                   .stop = e->spec.stop};
  Status status = post_text(e, &r, &a, err);
  if (status == STATUS_OK) status = parse_answer(e, &a, answer, err);
  free(a.text);
  free(text);
  free(url);
  return status;
}

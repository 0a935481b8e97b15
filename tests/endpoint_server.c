#include "tests/endpoint_server.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { REQUESTS = 512, REQUEST_MOST = 1 << 20 };

struct EndpointServer {
  const ServerStep *step;
  int steps, listener, port, stop[2];
  char url[64];
  char *request[REQUESTS];
  int requests;
  pthread_t thread;
};

/* ---- sockets ---- */

/* Waits for something to read; false when the server is to stop, or after `ms` (-1: never). */
static bool wait_for(const EndpointServer *s, int fd, int ms) {
  struct pollfd p[] = {{fd, POLLIN, 0}, {s->stop[0], POLLIN, 0}};
  return poll(p, 2, ms) > 0 && !p[1].revents;
}

static bool send_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0) return false;
    data += n;
    size -= (size_t)n;
  }
  return true;
}

static size_t body_length(const char *head) {
  const char *at = strcasestr(head, "\r\nContent-Length:");
  return at ? (size_t)strtoul(at + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

/* The whole request; NULL when the connection ends before. */
static char *read_request(const EndpointServer *s, int fd) {
  char *text = calloc(1, REQUEST_MOST + 1);
  for (size_t size = 0; text && size < REQUEST_MOST;) {
    ssize_t n = wait_for(s, fd, -1) ? recv(fd, text + size, REQUEST_MOST - size, 0) : 0;
    if (n <= 0) break;
    size += (size_t)n;
    const char *behind = strstr(text, "\r\n\r\n");
    if (behind && size >= (size_t)(behind + 4 - text) + body_length(text)) return text;
    if (strcasestr(text, "Expect: 100-continue") && behind && size == (size_t)(behind + 4 - text))
      send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  }
  free(text);
  return NULL;
}

/* ---- answers ---- */

static void send_text(int fd, int code, const char *head, const char *body, size_t length) {
  char *text = NULL;
  int size = asprintf(&text,
                      "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nConnection: close\r\n"
                      "%sContent-Length: %zu\r\n\r\n%s",
                      code, head ? head : "", length, body);
  if (size > 0) send_all(fd, text, (size_t)size);
  free(text);
}

static void send_json(int fd, json_t *value) {
  char *text = json_dumps(value, JSON_COMPACT);
  if (text) send_text(fd, 200, NULL, text, strlen(text));
  free(text);
  json_decref(value);
}

static void send_chat(int fd, const char *said, const char *reason) {
  send_json(fd, json_pack("{s:s, s:[{s:i, s:{s:s, s:s}, s:s}]}", "object", "chat.completion",
                          "choices", "index", 0, "message", "role", "assistant", "content", said,
                          "finish_reason", reason));
}

/* In the opposite order, for the index says which text a vector is of. */
static void send_embeddings(int fd, const char *request) {
  const char *body = strstr(request, "\r\n\r\n");
  json_t *asked = json_loads(body ? body : "", 0, NULL), *data = json_array();
  json_t *input = json_object_get(asked, "input");
  for (size_t i = json_array_size(input); i-- > 0;) {
    const char *t = json_string_value(json_array_get(input, i));
    json_array_append_new(data, json_pack("{s:i, s:[f, f, f]}", "index", (int)i, "embedding",
                                          (double)strlen(t), (double)t[0], 1.0));
  }
  json_decref(asked);
  send_json(fd, json_pack("{s:o}", "data", data));
}

static void send_without_end(const EndpointServer *s, int fd, bool drip) {
  static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  char bytes[1 << 16];
  memset(bytes, ' ', sizeof bytes);
  bool goes_on = send_all(fd, head, sizeof head - 1);
  for (int i = 0; goes_on && i < 1600; i++) {
    goes_on = send_all(fd, bytes, drip ? 1 : sizeof bytes);
    if (drip && wait_for(s, fd, 20)) break; /* the other side closed */
    struct pollfd stop = {s->stop[0], POLLIN, 0};
    if (poll(&stop, 1, 0) > 0) break;
  }
}

static void do_step(const EndpointServer *s, int fd, const ServerStep *step, const char *request) {
  const char *body = step->body ? step->body : "";
  switch (step->act) {
    case SERVE_TEXT:
      send_text(fd, step->code ? step->code : 200, step->head, body, strlen(body));
      break;
    case SERVE_CHAT:
    case SERVE_CUT:
      send_chat(fd, body, step->act == SERVE_CUT ? "length" : "stop");
      break;
    case SERVE_EMBED:
      send_embeddings(fd, request);
      break;
    case SERVE_HALF:
      send_text(fd, 200, step->head, body, 2 * strlen(body));
      break;
    case SERVE_LONG:
    case SERVE_DRIP:
      send_without_end(s, fd, step->act == SERVE_DRIP);
      break;
    case SERVE_HANG:
      wait_for(s, fd, -1);
      break;
    default:
      break;
  }
}

/* ---- the thread ---- */

static void *serve(void *arg) {
  EndpointServer *s = arg;
  while (wait_for(s, s->listener, -1)) {
    int fd = accept(s->listener, NULL, NULL);
    char *request = fd < 0 ? NULL : read_request(s, fd);
    if (request && s->requests < REQUESTS) {
      int at = s->requests < s->steps ? s->requests : s->steps - 1;
      s->request[s->requests++] = request;
      do_step(s, fd, &s->step[at], request);
    }
    if (fd >= 0) close(fd);
  }
  return NULL;
}

EndpointServer *server_start(const ServerStep *step, int steps) {
  EndpointServer *s = calloc(1, sizeof *s);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  assert_non_null(s);
  s->step = step;
  s->steps = steps;
  s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(s->listener >= 0);
  assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(s->listener, 8), 0);
  assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
  assert_int_equal(pipe(s->stop), 0);
  s->port = ntohs(at.sin_port);
  snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/v1", s->port);
  assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
  return s;
}

void server_stop(EndpointServer *s) {
  assert_int_equal(write(s->stop[1], "", 1), 1);
  pthread_join(s->thread, NULL);
  for (int i = 0; i < s->requests; i++) free(s->request[i]);
  close(s->listener);
  close(s->stop[0]);
  close(s->stop[1]);
  free(s);
}

const char *server_url(const EndpointServer *s) {
  return s->url;
}

int server_port(const EndpointServer *s) {
  return s->port;
}

int server_requests(const EndpointServer *s) {
  return s->requests;
}

const char *server_request(const EndpointServer *s, int i) {
  assert_in_range(i, 0, s->requests - 1);
  return s->request[i];
}

#include "tests/no_memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/scratch.h"

/* Allocations until the one that fails; 0: none does. Threads count together. */
static atomic_long left;

static bool fails_now(void) {
  long before = atomic_load(&left);
  while (before > 0 && !atomic_compare_exchange_weak(&left, &before, before - 1)) continue;
  if (before != 1) return false;
  errno = ENOMEM;
  return true;
}

/* What --wrap puts in the place of a function that returns a pointer. */
#define FAILING(type, name, parameters, arguments)             \
  type __real_##name parameters;                               \
  type __wrap_##name parameters;                               \
  type __wrap_##name parameters {                              \
    return fails_now() ? (type)NULL : __real_##name arguments; \
  }
FAILING(void *, malloc, (size_t size), (size))
FAILING(void *, calloc, (size_t count, size_t size), (count, size))
FAILING(void *, realloc, (void *old, size_t size), (old, size))
FAILING(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
FAILING(char *, strdup, (const char *text), (text))
FAILING(char *, strndup, (const char *text, size_t size), (text, size))
FAILING(FILE *, fopencookie, (void *cookie, const char *mode, cookie_io_functions_t io),
        (cookie, mode, io))
FAILING(void *, EVP_MD_CTX_new, (void), ())
FAILING(void *, pcre2_compile_context_create_8, (void *c), (c))
FAILING(void *, pcre2_match_context_create_8, (void *c), (c))
FAILING(void *, pcre2_match_data_create_8, (uint32_t pairs, void *c), (pairs, c))

FILE *__real_open_memstream(char **text, size_t *size);
FILE *__wrap_open_memstream(char **text, size_t *size);

/* It fails, or there is memory for the stream and none for the text, which shows in nothing but that
 * it is NULL when the stream was closed (glibc 2.36). */
FILE *__wrap_open_memstream(char **text, size_t *size) {
  if (fails_now()) return NULL;
  if (!fails_now()) return __real_open_memstream(text, size);
  *text = NULL;
  *size = 0;
  return __real_fopencookie(NULL, "w", (cookie_io_functions_t){0});
}

void *__real_pcre2_compile_8(const void *text, size_t size, uint32_t options, int *code, size_t *at,
                             void *c);
void *__wrap_pcre2_compile_8(const void *text, size_t size, uint32_t options, int *code, size_t *at,
                             void *c);
void *__wrap_pcre2_compile_8(const void *text, size_t size, uint32_t options, int *code, size_t *at,
                             void *c) {
  *code = 121; /* "failed to allocate heap memory" */
  return fails_now() ? NULL : __real_pcre2_compile_8(text, size, options, code, at, c);
}

int __real_yaml_parser_initialize(void *parser);
int __wrap_yaml_parser_initialize(void *parser);
int __wrap_yaml_parser_initialize(void *parser) {
  return fails_now() ? 0 : __real_yaml_parser_initialize(parser);
}

int __real_yaml_emitter_initialize(void *emitter);
int __wrap_yaml_emitter_initialize(void *emitter);
int __wrap_yaml_emitter_initialize(void *emitter) {
  return fails_now() ? 0 : __real_yaml_emitter_initialize(emitter);
}

/* Memory of its own; files are another matter. */
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  if (fd == -1 && fails_now()) return MAP_FAILED;
  return __real_mmap(at, size, protection, flags, fd, offset);
}

int __real_vasprintf(char **text, const char *format, va_list args);

/* After a failure nothing is to be read from *text. */
static int print_text(char **text, const char *format, va_list args) {
  if (!fails_now()) return __real_vasprintf(text, format, args);
  *text = (char *)16;
  return -1;
}

int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args) {
  return print_text(text, format, args);
}

int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args);
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args) {
  (void)flag;
  return print_text(text, format, args);
}

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int size = print_text(text, format, args);
  va_end(args);
  return size;
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...) {
  (void)flag;
  va_list args;
  va_start(args, format);
  int size = print_text(text, format, args);
  va_end(args);
  return size;
}

void fail_each_allocation(const char *what, Allocating *run, void *arg, int least, int spared) {
  for (long n = 1;; n++) {
    char call[160];
    Error err = {0};
    snprintf(call, sizeof call, "%s: allocation %ld", what, n);
    atomic_store(&left, n);
    Status status = run(arg, &err);
    if (atomic_exchange(&left, 0) > 0) {
      expect_ok(call, status, &err);
      assert_in_range(n, least + 1, INT32_MAX);
      return;
    }
    if (status == STATUS_OK && spared-- > 0) continue;
    expect_error(call, status, &err, STATUS_RUN, "out of memory");
  }
}

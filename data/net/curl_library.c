#include "data/net/curl_library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static const char FILE_NAME[] = "libcurl.so.4";

#define FUNCTION(name) \
  { "curl_" #name, offsetof(CurlLibrary, name) }
static const struct {
  const char *name;
  size_t offset;
} FUNCTIONS[] = {
    FUNCTION(global_init),    FUNCTION(easy_init),     FUNCTION(easy_cleanup),
    FUNCTION(easy_reset),     FUNCTION(easy_setopt),   FUNCTION(easy_getinfo),
    FUNCTION(easy_perform),   FUNCTION(easy_strerror), FUNCTION(slist_append),
    FUNCTION(slist_free_all), FUNCTION(url),           FUNCTION(url_cleanup),
    FUNCTION(url_set),        FUNCTION(url_get),       FUNCTION(free),
};

_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "POSIX: dlsym gives functions, too");

Status curl_library_load(CurlLibrary *curl, Error *err) {
  void *library = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    const char *why = dlerror();
    return error_set(err, STATUS_RUN, "%s: cannot be loaded (%s); install libcurl4", FILE_NAME,
                     why ? why : "no reason is given");
  }
  for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
    void *at = dlsym(library, FUNCTIONS[i].name);
    if (!at)
      return error_set(err, STATUS_RUN, "%s: has no %s; install libcurl4 7.85 or later", FILE_NAME,
                       FUNCTIONS[i].name);
    memcpy((char *)curl + FUNCTIONS[i].offset, &at, sizeof at);
  }
  return STATUS_OK;
}

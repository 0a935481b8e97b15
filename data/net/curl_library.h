/* curl_library: libcurl, loaded when something is to be sent: with it come some thirty libraries,
 * which a run that speaks to nobody does not map. For http.c. */
#ifndef SKEIN_CURL_LIBRARY_H
#define SKEIN_CURL_LIBRARY_H

#include <curl/curl.h>

#include "autograd/ground/status.h"

/* The functions of libcurl that are used, without their "curl_". */
typedef struct CurlLibrary {
  CURLcode (*global_init)(long flags);
  CURL *(*easy_init)(void);
  void (*easy_cleanup)(CURL *curl);
  void (*easy_reset)(CURL *curl);
  CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
  CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
  CURLcode (*easy_perform)(CURL *curl);
  const char *(*easy_strerror)(CURLcode code);
  struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
  void (*slist_free_all)(struct curl_slist *list);
  CURLU *(*url)(void);
  void (*url_cleanup)(CURLU *url);
  CURLUcode (*url_set)(CURLU *url, CURLUPart part, const char *text, unsigned flags);
  CURLUcode (*url_get)(const CURLU *url, CURLUPart part, char **text, unsigned flags);
  void (*free)(void *memory);
} CurlLibrary;

/* Once loaded it stays. STATUS_RUN where it is not installed. */
Status curl_library_load(CurlLibrary *curl, Error *err);

#endif

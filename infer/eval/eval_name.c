#include "infer/eval/eval_name.h"

#include <string.h>

enum { NAME_LONGEST = 200 };

Status eval_check_name(const char *name, const char *place, Error *err) {
  static const char ALLOWED[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+=,-";
  size_t size = strlen(name);
  if (size == 0 || size > NAME_LONGEST || *name == '.' || strspn(name, ALLOWED) != size) {
    return error_set(err, STATUS_USAGE,
                     "%s: name: '%.80s' cannot name a file; use letters, digits and . _ + = , - "
                     "(at most %d, no dot first)",
                     place, name, NAME_LONGEST);
  }
  return STATUS_OK;
}

#include "infer/eval/eval_name.h"

#include "data/file/path.h"

Status eval_check_name(const char *name, const char *place, Error *err) {
  if (path_name_valid(name)) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: name: '%.80s' cannot name a file; " PATH_NAME_RULE,
                   place, name);
}

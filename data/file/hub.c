#include "data/file/hub.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MOST = 96 }; /* bytes of either part */

static bool is_name(const char *text, size_t size) {
  static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return size > 0 && size <= NAME_MOST && strspn(text, ALLOWED) >= size && text[0] != '.' &&
         text[0] != '-';
}

/* Ends as names of files do; those of models end in numbers, if in anything: t5-v1.1. */
static bool is_file_name(const char *name) {
  const char *end = strrchr(name, '.');
  return end && strcspn(end, "0123456789") == strlen(end);
}

HubHint hub_hint(const char *path) {
  HubHint hint = {""};
  size_t owner = strcspn(path, "/");
  if (!path[owner] || strchr(path + owner + 1, '/')) return hint;
  const char *name = path + owner + 1;
  if (!is_name(path, owner) || !is_name(name, strlen(name))) return hint;
  char folder[NAME_MOST + 1] = "";
  memcpy(folder, path, owner);
  if (access(folder, F_OK) == 0) return hint;
  if (is_file_name(name)) return hint;
  snprintf(hint.text, sizeof hint.text,
           " (if that is a name of the Hugging Face hub: hf download %s --local-dir DIR makes the "
           "folder)",
           path);
  return hint;
}

#include "infer/module/modules.h"

#include <stddef.h>
#include <string.h>

const Module *modules_find(const Modules *m, const char *name) {
  for (int i = 0; i < m->count; i++) {
    if (strcmp(m->module[i].name, name) == 0) return &m->module[i];
  }
  return NULL;
}

const char *module_last_part(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot ? dot + 1 : name;
}

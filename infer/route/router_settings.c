#include "infer/route/router_settings.h"

#include <assert.h>

size_t router_group_end(size_t at, const SettingsGroup *group) {
  size_t align = alignof(max_align_t);
  return at + (group->size + align - 1) / align * align;
}

const void *router_own(const RouterSettings *settings, const SettingsGroup *group) {
  size_t at = 0;
  const SettingsGroup *const *own = settings->group;
  for (; *own && *own != group; own++) at = router_group_end(at, *own);
  assert(*own);
  return settings->own + at;
}

#include "autograd/ground/version.h"

const char *version_text(void) {
  return SKEIN_VERSION;
}

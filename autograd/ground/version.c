#include "autograd/ground/version.h"

const char *skein_version(void) {
  return SKEIN_VERSION;
}

#include "infer/expert/gate_maker.h"

#include <string.h>

static const char *const WAY[GATE_WAYS] = {[GATE_SHARED] = "share", [GATE_JOINT] = "joint"};

const char *gate_way_name(GateWay way) {
  return WAY[way];
}

bool gate_way_find(const char *name, GateWay *way) {
  for (int i = GATE_CONTRIBUTED + 1; i < GATE_WAYS; i++) {
    if (strcmp(name, WAY[i]) != 0) continue;
    *way = (GateWay)i;
    return true;
  }
  return false;
}

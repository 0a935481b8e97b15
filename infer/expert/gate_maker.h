/* gate_maker: who trained a gate, and on what.
 *
 * A contributor trains the gates of an expert on the expert's own data (PHATGOOSE, arXiv 2402.05859).
 * Where one came without, who collects the pool may train them, on data of the collector's:
 *
 *   share  on those of the collector's examples whose targets are likelier under this expert than
 *          under any other of the pool, by the contributor's objective
 *   joint  all gates of the pool together, by the loss of the routed model
 *
 * (train/gates/gates_run.h has both.) */
#ifndef SKEIN_GATE_MAKER_H
#define SKEIN_GATE_MAKER_H

#include <stdbool.h>

#include "data/file/hash.h"

typedef enum GateWay { GATE_CONTRIBUTED, GATE_SHARED, GATE_JOINT, GATE_WAYS } GateWay;
#define GATE_WAYS_KNOWN "\"share\" or \"joint\""

typedef struct GateMaker {
  GateWay way;
  char data[HASH_HEX]; /* SHA-256 of a collector's data; "" of a contributor's */
} GateMaker;

/* "share" or "joint"; NULL of contributed gates. */
const char *gate_way_name(GateWay way);
/* The collector's way of this name; false when there is none. */
bool gate_way_find(const char *name, GateWay *way);

#endif

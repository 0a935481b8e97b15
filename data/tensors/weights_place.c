#include "data/tensors/weights_place.h"

#include <stdlib.h>

#include "data/file/file.h"
#include "data/file/path.h"

typedef struct Candidate {
  const char *name;
  bool index;
} Candidate;

enum { CANDIDATES = 4 };

static const Candidate MODEL[CANDIDATES] = {{"model.safetensors", false},
                                            {"model.safetensors.index.json", true},
                                            {"pytorch_model.bin", false},
                                            {"pytorch_model.bin.index.json", true}};
static const Candidate ADAPTER[CANDIDATES] = {{"adapter_model.safetensors", false},
                                              {"adapter_model.bin", false}};

void weights_place_free(WeightsPlace *p) {
  free(p->path);
  *p = (WeightsPlace){0};
}

static Status try_candidate(WeightsPlace *p, const char *dir, const Candidate *c, Error *err) {
  char *path = path_join(dir, c->name);
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  bool there = file_exists(path); /* a link to nowhere the opening will report */
  if (there && !p->path) {
    *p = (WeightsPlace){.path = path, .index = c->index};
    return STATUS_OK;
  }
  if (there && !p->passed) p->passed = c->name;
  free(path);
  return STATUS_OK;
}

static Status find(WeightsPlace *p, const char *dir, bool adapter, Error *err) {
  const Candidate *c = adapter ? ADAPTER : MODEL;
  for (int i = 0; i < CANDIDATES && c[i].name; i++) TRY(try_candidate(p, dir, &c[i], err));
  if (p->path) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: has no weights: neither %s", dir,
                   adapter ? "adapter_model.safetensors nor adapter_model.bin"
                           : "model.safetensors nor pytorch_model.bin, nor the index of one of "
                             "them (*.index.json)");
}

Status weights_place_find(WeightsPlace *p, const char *dir, bool adapter, Error *err) {
  *p = (WeightsPlace){0};
  Status status = find(p, dir, adapter, err);
  if (status != STATUS_OK) weights_place_free(p);
  return status;
}

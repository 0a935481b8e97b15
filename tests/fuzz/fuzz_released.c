/* The readers of the checkpoints of others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/torch_write.h"
#include "infer/expert/released.h"
#include "tests/fuzz/target.h"
#include "tests/tiny.h"

enum { EXPERTS = 2, MODULES = 2 };

static void add(TorchWriter *out, ReleasedStyle style, ReleasedPart part, const Module *m,
                int expert, int64_t rows, int64_t cols) {
  static const float VALUES[64] = {0.5f, -1, 2, 0.25f};
  Error err = {0};
  char *name = released_name(style, part, m->name, expert);
  MUST(name);
  const SafetensorsItem item = {name, DTYPE_F32, VALUES, rows, cols, part == RELEASED_GATE};
  sound(torch_writer_add(out, &item, &err), &err);
  free(name);
}

/* Experts of rank 1 with their gates, on the first linears of the model. */
static void *write_checkpoint(const char *dir, ReleasedStyle style) {
  Error err = {0};
  T5 *model = tiny_model(true, false);
  TorchWriter *out;
  char *path = place(&(Input){.dir = dir}, "x.pt");
  bool turned = style == STYLE_PHATGOOSE;
  sound(torch_writer_open(&out, path, &err), &err);
  for (int i = 0; i < MODULES; i++) {
    const Module *m = &model->modules.module[i];
    for (int e = 0; e < (turned ? EXPERTS : 1); e++) {
      add(out, style, RELEASED_A, m, e, turned ? m->d_in : 1, turned ? 1 : m->d_in);
      add(out, style, RELEASED_B, m, e, turned ? 1 : m->d_out, turned ? m->d_out : 1);
      add(out, style, RELEASED_GATE, m, e, 1, m->d_in);
    }
  }
  sound(torch_writer_commit(out, &err), &err);
  free(path);
  return model;
}

static void *world_of_phatgoose(const char *dir) {
  return write_checkpoint(dir, STYLE_PHATGOOSE);
}

static void *world_of_glider(const char *dir) {
  return write_checkpoint(dir, STYLE_GLIDER);
}

static void end_world(void *world) {
  t5_close(world);
}

static void read_one(const Input *in, Released *r, int i) {
  Error err = {0};
  Lora *lora;
  Gate *gate;
  Dtype dtype;
  if (!taken(in, released_read(r, i, &lora, &gate, &err), &err)) return;
  sound(released_dtype(r, i, &dtype, &err), &err);
  MUST(lora->covered > 0 && gate->count == lora->count);
  const Expert expert = {.lora = lora};
  for (int k = 0; k < lora->count; k++) MUST(gate_covers(gate, k) == expert_covers(&expert, k));
  gate_close(gate);
  lora_close(lora);
}

static void read_released(const Input *in) {
  Error err = {0}, missing = {0};
  const T5 *model = in->world;
  Released r;
  forget_sums(in);
  if (!taken(in, released_open(&r, in->path, &model->modules, &err), &err)) return;
  if (taken(in, released_check(&r, &missing), &missing)) {
    for (int i = 0; i < r.experts; i++) read_one(in, &r, i);
  }
  released_close(&r);
}

/* No linear is called as the prefix that PEFT puts before all: such a name does not come back. */
static bool is_prefix(const char *module) {
  return strncmp(module, "base_model.model", strlen("base_model.model")) == 0;
}

/* A name is taken apart, and put together again where skein writes such names. */
static void read_key(const Input *in) {
  char *name = strndup(in->bytes, in->size);
  MUST(name);
  const ReleasedKey key = released_key(name);
  if (key.part <= RELEASED_INPUT_GATE) {
    MUST(key.module_size > 0 && key.module >= name && key.expert >= 0);
    MUST(key.module + key.module_size <= name + strlen(name));
  }
  if (key.part <= RELEASED_GATE && key.expert < RELEASED_EXPERTS_MAX) {
    char *module = strndup(key.module, key.module_size);
    char *again = released_name(STYLE_PHATGOOSE, key.part, module, (int)key.expert);
    MUST(module && again);
    const ReleasedKey second = released_key(again);
    if (!is_prefix(module)) {
      MUST(second.part == key.part && second.expert == key.expert);
      MUST(second.module_size == key.module_size);
    }
    free(again);
    free(module);
  }
  free(name);
}

const Target released_targets[] = {
    {.name = "phatgoose",
     .file = "x.pt",
     .seeds = "",
     .words = "pickle",
     .most = 6144,
     .world = world_of_phatgoose,
     .end = end_world,
     .run = read_released},
    {.name = "glider",
     .file = "x.pt",
     .seeds = "",
     .words = "pickle",
     .most = 4096,
     .world = world_of_glider,
     .end = end_world,
     .run = read_released},
    {.name = "released-key",
     .seeds = "tests/fuzz/seeds/key-*.txt",
     .words = "released",
     .most = 128,
     .run = read_key},
    {0},
};

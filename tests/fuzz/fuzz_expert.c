/* The readers of experts and gates: what they take is saved, and is the same when it is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/tensors/torch_write.h"
#include "infer/adapter/peft_config.h"
#include "infer/adapter/tfew_file.h"
#include "infer/expert/gate.h"
#include "tests/fuzz/target.h"
#include "tests/tiny.h"

#define CONFIG "adapter_config.json"
#define MODEL  "adapter_model.safetensors"
#define SELF   "encoder.block.0.layer.0.SelfAttention.q"

typedef struct World {
  T5 *model;
  Expert expert;
  char base[HASH_HEX];
} World;

static const Modules *modules_of(const Input *in) {
  const World *w = in->world;
  return &w->model->modules;
}

static World *new_world(void) {
  World *w = calloc(1, sizeof *w);
  MUST(w);
  w->model = tiny_model(true, false);
  memcpy(w->base, tiny_fingerprint(w->model).hex, HASH_HEX);
  return w;
}

static void end_world(void *world) {
  World *w = world;
  expert_close(&w->expert);
  t5_close(w->model);
  free(w);
}

/* ---- experts ---- */

static void *world_of_lora(const char *dir) {
  Error err = {0};
  World *w = new_world();
  Lora *lora = tiny_lora(w->model, "q", 1, 1);
  sound(lora_save(lora, &w->model->modules, dir, "tiny", DTYPE_F32, &err), &err);
  w->expert.lora = lora;
  return w;
}

static void *world_of_ia3(const char *dir) {
  Error err = {0};
  World *w = new_world();
  w->expert.ia3 = tiny_ia3(w->model, "k,wi_0", "wi_0", 1);
  sound(ia3_save(w->expert.ia3, &w->model->modules, dir, "tiny", DTYPE_F32, &err), &err);
  return w;
}

/* A finish.pt of the vectors of world_of_ia3. */
static void *world_of_tfew(const char *dir) {
  Error err = {0};
  World *w = new_world();
  w->expert.ia3 = tiny_ia3(w->model, "k,wi_0", "", 1);
  TorchWriter *out;
  char *path = place(&(Input){.dir = dir}, "finish.pt");
  sound(torch_writer_open(&out, path, &err), &err);
  for (int i = 0; i < w->expert.ia3->count; i++) {
    const Tensor *l = &w->expert.ia3->vector[i].l;
    if (l->rows == 0) continue;
    char *name = tfew_tensor_name(w->model->modules.module[i].name, false);
    const SafetensorsItem item = {name, DTYPE_F32, l->data, l->cols, 1, false};
    sound(torch_writer_add(out, &item, &err), &err);
    free(name);
  }
  sound(torch_writer_commit(out, &err), &err);
  free(path);
  return w;
}

static void save_expert(const Expert *e, const Modules *modules, const char *dir) {
  Error err = {0};
  sound(e->lora ? lora_save(e->lora, modules, dir, e->lora->base_name, DTYPE_F32, &err)
                : ia3_save(e->ia3, modules, dir, e->ia3->base_name, DTYPE_F32, &err),
        &err);
}

static void read_expert_at(const Input *in, const char *path) {
  Error err = {0};
  Expert e, again;
  const Modules *modules = modules_of(in);
  if (!taken(in, expert_open(&e, path, modules, &err), &err)) return;
  char *copy = place(in, "copy"), hex[HASH_HEX];
  save_expert(&e, modules, copy);
  sound(expert_open(&again, copy, modules, &err), &err);
  sound(expert_hash(&again, modules, hex, &err), &err);
  MUST(strcmp(expert_fingerprint(&e), hex) == 0);
  MUST(strcmp(expert_fingerprint(&e), expert_fingerprint(&again)) == 0);
  sound(dir_remove(copy, &err), &err);
  expert_close(&again);
  expert_close(&e);
  free(copy);
}

static void read_expert(const Input *in) {
  read_expert_at(in, in->dir);
}

static void read_tfew(const Input *in) {
  forget_sums(in);
  read_expert_at(in, in->path);
}

/* ---- adapter_config.json ---- */

/* What the configuration says of every module, whether or not it has factors. */
static void read_config(const Input *in) {
  Error err = {0};
  PeftConfig c;
  const Modules *modules = modules_of(in);
  bool read = taken(in, peft_config_read(&c, in->dir, &err), &err);
  for (int i = 0; read && i < modules->count; i++) {
    const char *name = modules->module[i].name;
    int64_t rank;
    double alpha;
    PeftWant want;
    FeedForward said;
    read = taken(in, peft_config_rank(&c, name, &rank, &err), &err) &&
           taken(in, peft_config_alpha(&c, name, &alpha, &err), &err) &&
           taken(in, peft_config_wants(&c, name, &want, &err), &err) &&
           taken(in, peft_config_feedforward(&c, name, &said, &err), &err);
    MUST(!read || rank >= 0);
  }
  peft_config_free(&c);
  if (read) read_expert(in);
}

/* Whether a pattern matches a name: 1, 0, or -1 where it is refused or takes too long. */
static int match(const Input *in, const char *pattern, NameMatch how, const char *name) {
  Error err = {0};
  NamePattern p;
  bool matches = false;
  bool read = taken(in, name_pattern_compile(&p, pattern, how, "x", "y", &err), &err) &&
              taken(in, name_pattern_matches(&p, name, &matches, &err), &err);
  name_pattern_free(&p);
  return read ? matches : -1;
}

/* The first line is a pattern, the second a name. In a group a pattern means the same; one without
 * syntax is then matched by another way. */
static void read_pattern(const Input *in) {
  char *text = strndup(in->bytes, in->size), *rest = text, *grouped;
  MUST(text);
  const char *pattern = strsep(&rest, "\n"), *line = rest ? strsep(&rest, "\n") : SELF;
  MUST(asprintf(&grouped, "(%s)", pattern) > 0);
  for (int how = NAME_WHOLE; how <= NAME_SUFFIX; how++) {
    int alone = match(in, pattern, (NameMatch)how, line);
    int inside = match(in, grouped, (NameMatch)how, line);
    MUST(alone < 0 || inside < 0 || alone == inside);
  }
  free(grouped);
  free(text);
}

/* ---- gates ---- */

static void *world_of_gate(const char *dir) {
  Error err = {0};
  World *w = new_world();
  w->expert.lora = tiny_lora(w->model, "q", 1, 1);
  Gate *gate = tiny_gates(&w->expert, w->model, 2);
  GateInfo info = {.recipe = "phatgoose", .steps = 100, .seed = UINT64_MAX};
  memcpy(info.base, w->base, HASH_HEX);
  memcpy(info.expert, expert_fingerprint(&w->expert), HASH_HEX);
  char *path = place(&(Input){.dir = dir}, "gate.safetensors");
  sound(gate_save(gate, &w->model->modules, path, &info, &err), &err);
  gate_close(gate);
  free(path);
  return w;
}

static bool same_info(const GateInfo *a, const GateInfo *b) {
  return strcmp(a->base, b->base) == 0 && strcmp(a->expert, b->expert) == 0 &&
         strcmp(a->recipe, b->recipe) == 0 && a->steps == b->steps && a->seed == b->seed &&
         a->unverified == b->unverified && a->form == b->form;
}

static bool same_vectors(const Gate *a, const Gate *b) {
  bool same = a->count == b->count;
  for (int i = 0; same && i < a->count; i++) {
    const Tensor *v = &a->vector[i], *w = &b->vector[i];
    same = v->rows == w->rows && v->cols == w->cols &&
           (v->rows == 0 || memcmp(v->data, w->data, (size_t)v->cols * sizeof *v->data) == 0);
  }
  return same;
}

static void read_gate(const Input *in) {
  Error err = {0};
  World *w = in->world;
  const Modules *modules = modules_of(in);
  Gate *gate, *again;
  GateInfo info, info_again;
  if (!taken(in, gate_open(&gate, in->path, &w->expert, modules, w->base, &info, &err), &err)) {
    return;
  }
  char *copy = place(in, "copy.safetensors");
  sound(gate_save(gate, modules, copy, &info, &err), &err);
  sound(gate_open(&again, copy, &w->expert, modules, w->base, &info_again, &err), &err);
  MUST(same_info(&info, &info_again) && same_vectors(gate, again));
  gate_close(again);
  gate_close(gate);
  remove(copy);
  free(copy);
}

const Target expert_targets[] = {
    {.name = "adapter-config",
     .file = CONFIG,
     .seeds = "tests/golden/*/*/" CONFIG " configs/demo/experts/hue/" CONFIG,
     .words = "adapter",
     .most = 2048,
     .world = world_of_lora,
     .end = end_world,
     .run = read_config},
    {.name = "adapter-config-ia3",
     .file = CONFIG,
     .seeds = "tests/golden/mixed/*/" CONFIG,
     .words = "adapter",
     .most = 1024,
     .world = world_of_ia3,
     .end = end_world,
     .run = read_config},
    {.name = "name-pattern",
     .seeds = "tests/fuzz/seeds/pattern-*.txt",
     .words = "adapter",
     .most = 192,
     .run = read_pattern},
    {.name = "lora",
     .file = MODEL,
     .seeds = "",
     .words = "safetensors",
     .most = 6144,
     .world = world_of_lora,
     .end = end_world,
     .run = read_expert},
    {.name = "ia3",
     .file = MODEL,
     .seeds = "",
     .words = "safetensors",
     .most = 6144,
     .world = world_of_ia3,
     .end = end_world,
     .run = read_expert},
    {.name = "tfew",
     .file = "finish.pt",
     .seeds = "tests/golden/mixed/finish.pt",
     .words = "pickle",
     .most = 12288,
     .world = world_of_tfew,
     .end = end_world,
     .run = read_tfew},
    {.name = "gate",
     .file = "gate.safetensors",
     .seeds = "",
     .words = "safetensors",
     .most = 6144,
     .world = world_of_gate,
     .end = end_world,
     .run = read_gate},
    {0},
};

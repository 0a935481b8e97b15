/* The readers of a base: its shape, its weights, and how it asks to generate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/predict/generation_config.h"
#include "infer/t5/t5.h"
#include "tests/fuzz/target.h"

#define GENERATION "generation_config.json"

/* What is written is the shape that was read. */
static void read_config(const Input *in) {
  Error err = {0};
  T5Config c, again;
  if (!taken(in, t5_config_read(&c, in->dir, &err), &err) || c.bytes || c.encoder_alone) return;
  MUST(c.pad_id < c.vocab_size && c.eos_id < c.vocab_size && c.decoder_start_id < c.vocab_size);
  sound(t5_config_write(&c, in->dir, DTYPE_F32, &err), &err);
  sound(t5_config_read(&again, in->dir, &err), &err);
  MUST(again.vocab_size == c.vocab_size && again.d_model == c.d_model && again.d_kv == c.d_kv);
  MUST(again.d_ff == c.d_ff && again.heads == c.heads && again.buckets == c.buckets);
  MUST(again.encoder_layers == c.encoder_layers && again.decoder_layers == c.decoder_layers);
  MUST(again.max_distance == c.max_distance && again.act == c.act && again.gated == c.gated);
  MUST(again.scale_decoder_outputs == c.scale_decoder_outputs);
  MUST(fabs(again.norm_eps - c.norm_eps) <= 1e-14 * c.norm_eps);
  MUST(again.pad_id == c.pad_id && again.eos_id == c.eos_id);
  MUST(again.decoder_start_id == c.decoder_start_id);
}

/* ---- generation ---- */

static void *read_shape(const char *dir) {
  Error err = {0};
  T5Config *c = malloc(sizeof *c);
  MUST(c);
  borrow(dir, "v1_0/base/config.json");
  sound(t5_config_read(c, dir, &err), &err);
  return c;
}

/* The rules are applied to every step of a short text. */
static void apply_rules(const GenerationRules *rules, const T5Config *c) {
  enum { STEPS = 4 };
  const int32_t token[STEPS] = {3, 5, 3, 5};
  float *score = malloc((size_t)c->vocab_size * sizeof *score);
  MUST(score);
  for (int64_t count = 0; count < STEPS; count++) {
    for (int64_t i = 0; i < c->vocab_size; i++) score[i] = (float)i - 9;
    const Written w = {.start = 0, .token = token, .count = count, .most = STEPS};
    generation_rules_apply(rules, &w, c->eos_id, score, c->vocab_size);
    for (int64_t i = 0; i < c->vocab_size; i++) MUST(!isnan(score[i]));
  }
  free(score);
}

static void read_generation(const Input *in) {
  Error err = {0};
  const T5Config *c = in->world;
  GenerationConfig g;
  if (taken(in, generation_config_read(&g, in->dir, c, &err), &err)) {
    MUST(g.start >= -1 && g.start < c->vocab_size && g.beams >= 0 && g.max_output >= 0);
    apply_rules(&g.rules, c);
  }
  generation_config_free(&g);
}

/* ---- weights ---- */

static void *borrow_base(const char *dir) {
  borrow(dir, "bf16_sharded/base/config.json");
  for (int i = 1; i <= 5; i++) {
    char name[] = "bf16_sharded/base/model-00000-of-00005.safetensors";
    name[sizeof "bf16_sharded/base/model-0000" - 1] = (char)('0' + i);
    borrow(dir, name);
  }
  borrow(dir, "bf16_sharded/base/model.safetensors.index.json");
  return NULL;
}

/* One of the shards; the others and their index are right. */
static void read_weights(const Input *in) {
  Error err = {0};
  T5 *model;
  char hex[HASH_HEX];
  if (!taken(in, t5_open(&model, in->dir, &err), &err)) return;
  sound(t5_hash(model, hex, &err), &err);
  t5_close(model);
}

const Target t5_targets[] = {
    {.name = "t5-config",
     .file = "config.json",
     .seeds = "tests/golden/*/base/config.json configs/demo/base/config.json",
     .words = "t5",
     .most = 2048,
     .run = read_config},
    {.name = "generation-config",
     .file = GENERATION,
     .seeds = "tests/golden/*/base/generation_config.json tests/fuzz/seeds/" GENERATION,
     .words = "t5",
     .most = 2048,
     .world = read_shape,
     .end = free,
     .run = read_generation},
    {.name = "generation-in-config",
     .file = "config.json",
     .seeds = "tests/golden/*/base/config.json tests/fuzz/seeds/" GENERATION,
     .words = "t5",
     .most = 2048,
     .world = read_shape,
     .end = free,
     .run = read_generation},
    {.name = "t5-weights",
     .file = "model-00003-of-00005.safetensors",
     .seeds = "",
     .words = "safetensors",
     .most = 12288,
     .world = borrow_base,
     .run = read_weights},
    {0},
};

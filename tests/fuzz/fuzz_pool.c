/* The readers of a pool: its manifest, the vectors of its experts, and embeddings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "infer/embed/embed_pool.h"
#include "infer/pool/made_gates.h"
#include "infer/pool/pool.h"
#include "tests/fuzz/target.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"
#include "tools/pool/pool_names.h"

typedef struct World {
  T5 *model;
  Hex sample;
} World;

static void *write_pool(const char *dir) {
  static const TinyExpert EXPERT[] = {{"rhyme", "q", 1, 1, DTYPE_F32, true, NULL},
                                      {"count", "k,v", 1, 2, DTYPE_F32, true, "k"}};
  World *w = calloc(1, sizeof *w);
  MUST(w);
  w->model = tiny_model(true, false);
  w->sample = tiny_sample(w->model);
  tiny_pool(dir, w->model, EXPERT, sizeof EXPERT / sizeof *EXPERT);
  return w;
}

static void end_world(void *world) {
  World *w = world;
  t5_close(w->model);
  free(w);
}

/* ---- pool.yaml ---- */

static char *whole_file(const char *path) {
  Error err = {0};
  char *text;
  size_t size;
  sound(file_read(path, 1 << 20, &text, &size, &err), &err);
  return text;
}

static void open_pool(const Input *in) {
  Error err = {0};
  World *w = in->world;
  const Modules *modules = &w->model->modules;
  Pool *pool;
  if (!taken(in, pool_open(&pool, in->dir, modules, w->sample.hex, NULL, &err), &err)) return;
  float *out = malloc(64 * sizeof *out);
  MUST(out);
  for (int e = 0; e < pool_count(pool); e++) {
    for (int m = 0; m < modules->count; m++) {
      for (int kind = VECTOR_GATE; kind <= VECTOR_ACTIVATION_ABSOLUTE; kind++) {
        Error own = {0};
        bool has;
        MUST(modules->module[m].d_in <= 64);
        if (!taken(in, pool_vector(pool, (PoolVector)kind, e, m, out, &has, &own), &own)) continue;
        MUST(has == pool_covers(pool, e, m));
      }
    }
  }
  free(out);
  pool_close(pool);
}

/* What is written reads back to the same, and is written the same. */
static void read_manifest(const Input *in) {
  Error err = {0};
  PoolManifest m, again;
  if (!taken(in, manifest_read(&m, in->dir, &err), &err)) return;
  open_pool(in);
  sound(manifest_write(&m, &err), &err);
  char *once = whole_file(in->path);
  sound(manifest_read(&again, in->dir, &err), &err);
  MUST(again.count == m.count);
  sound(manifest_write(&again, &err), &err);
  char *twice = whole_file(in->path);
  MUST(strcmp(once, twice) == 0);
  free(twice);
  free(once);
  manifest_free(&again);
  manifest_free(&m);
}

/* ---- embeddings ---- */

static void *write_embeddings(const char *dir) {
  Error err = {0};
  Embeddings e;
  char *path = place(&(Input){.dir = dir}, "x");
  sound(embeddings_new(&e, "lexical-1-0123456789ab", 2, 3, &err), &err);
  MUST((e.name[0] = strdup("rhyme")) && (e.name[1] = strdup("count")));
  for (int i = 0; i < 6; i++) e.vector[i] = (float)i - 2.5f;
  sound(embeddings_write(&e, path, &err), &err);
  embeddings_free(&e);
  free(path);
  return NULL;
}

static void check_embeddings(const Input *in, const Embeddings *e) {
  Error err = {0};
  Embeddings again;
  char *copy = place(in, "copy.safetensors");
  size_t size = (size_t)(e->count * e->dim) * sizeof *e->vector;
  sound(embeddings_write(e, copy, &err), &err);
  sound(embeddings_read(&again, copy, &err), &err);
  MUST(strcmp(e->embedder, again.embedder) == 0);
  MUST(e->count == again.count && e->dim == again.dim);
  MUST(size == 0 || memcmp(e->vector, again.vector, size) == 0);
  for (int64_t i = 0; i < e->count; i++) {
    MUST(strcmp(e->name[i], again.name[i]) == 0);
    MUST(embeddings_find(e, e->name[i]) == i);
    MUST(!e->text || strcmp(e->text[i], again.text[i]) == 0);
  }
  embeddings_free(&again);
  remove(copy);
  free(copy);
}

static void read_embeddings(const Input *in) {
  Error err = {0};
  Embeddings e;
  if (!taken(in, embeddings_read(&e, in->path, &err), &err)) return;
  check_embeddings(in, &e);
  embeddings_free(&e);
}

static void import_embeddings(const Input *in) {
  Error err = {0};
  Embeddings e;
  forget_sums(in);
  if (!taken(in, embeddings_import(&e, in->path, NULL, &err), &err)) return;
  check_embeddings(in, &e);
  embeddings_free(&e);
}

/* The examples of an expert, of which each line that is read has a vector of length 1. */
static void embed_lines(const Input *in) {
  static const char *const CORPUS[] = {"What does rhyme do?", "count what there is"};
  char name[] = "rhyme";
  PoolEntry entry = {.name = name};
  const PoolManifest m = {.dir = (char *)(uintptr_t)in->dir, .entry = &entry, .count = 1};
  const EmbedderSpec spec = {.kind = EMBEDDER_LEXICAL, .corpus = CORPUS, .corpus_count = 2};
  const ExampleFile file = {name, in->path};
  Error err = {0};
  Embedder *e;
  Embeddings out;
  sound(embedder_open(&e, &spec, &err), &err);
  if (taken(in, embed_examples(&out, e, &m, &file, 1, "input", 3, NULL, NULL, &err), &err)) {
    MUST(out.count <= 3 && out.dim == embedder_dim(e));
    check_embeddings(in, &out);
    embeddings_free(&out);
  }
  embedder_close(e);
}

/* Names of a checkpoint's experts: as many as were asked for, all different. */
static void read_names(const Input *in) {
  enum { COUNT = 3 };
  Error err = {0};
  PoolNames names;
  if (!taken(in, pool_names_read(&names, in->path, COUNT, "x.pt", &err), &err)) return;
  MUST(names.count == COUNT);
  for (int i = 0; i < COUNT; i++) {
    MUST(pool_name_valid(names.name[i]));
    for (int k = 0; k < i; k++) MUST(strcmp(names.name[i], names.name[k]) != 0);
  }
  pool_names_free(&names);
}

/* Gates that were made for experts: what was read is written, and read again. */
static void read_made(const Input *in) {
  Error err = {0};
  MadeGates made, again;
  if (!taken(in, made_gates_read(&made, in->dir, &err), &err)) return;
  sound(made_gates_write(&made, in->dir, &err), &err);
  sound(made_gates_read(&again, in->dir, &err), &err);
  MUST(made.count == again.count && made.maker.way == again.maker.way);
  for (int i = 0; i < made.count; i++) {
    MUST(strcmp(made.gate[i].name, again.gate[i].name) == 0);
    MUST(strcmp(made.gate[i].file, again.gate[i].file) == 0);
    MUST(made.gate[i].examples == again.gate[i].examples);
    for (int k = 0; k < i; k++) MUST(strcmp(made.gate[i].name, made.gate[k].name) != 0);
  }
  made_gates_free(&again);
  made_gates_free(&made);
}

const Target pool_targets[] = {
    {.name = "made-gates",
     .file = MADE_GATES,
     .seeds = "tests/fuzz/seeds/gates.json",
     .words = "json",
     .most = 1024,
     .run = read_made},
    {.name = "pool",
     .file = POOL_MANIFEST,
     .seeds = "",
     .words = "pool",
     .most = 3072,
     .world = write_pool,
     .end = end_world,
     .run = read_manifest},
    {.name = "activation",
     .file = "experts/rhyme/activation.safetensors",
     .seeds = "",
     .words = "safetensors",
     .most = 6144,
     .world = write_pool,
     .end = end_world,
     .run = open_pool},
    {.name = "embeddings",
     .file = "x",
     .seeds = "",
     .words = "safetensors",
     .most = 1024,
     .world = write_embeddings,
     .run = read_embeddings},
    {.name = "embeddings-import",
     .file = "x",
     .seeds = "tests/golden/released/embeddings.pt tests/fuzz/seeds/vectors.json",
     .words = "safetensors",
     .most = 3072,
     .world = write_embeddings,
     .run = import_embeddings},
    {.name = "embed-examples",
     .file = "x.jsonl",
     .seeds = "tests/fuzz/seeds/examples.jsonl tests/fuzz/seeds/choices.jsonl",
     .words = "items",
     .most = 512,
     .run = embed_lines},
    {.name = "pool-names",
     .file = "names.txt",
     .seeds = "tests/fuzz/seeds/names.txt",
     .most = 256,
     .run = read_names},
    {0},
};

/* skein embed: the embeddings of a pool's experts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/path.h"
#include "data/options/options.h"
#include "infer/embed/embed_pool.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/embed_arguments.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/console.h"

static const char usage[] =
    "skein embed: fill a pool with embeddings of its experts, for glider and retrieval\n"
    "\n"
    "Examples:\n"
    "  skein embed pool                                       the instructions, by character "
    "n-grams\n"
    "  skein embed pool --embedder encoder                    by the base's encoder\n"
    "  skein embed pool --embedder all-MiniLM-L6-v2/          by an encoder of sentences\n"
    "  skein embed pool --file nomic.safetensors              by what another program made\n"
    "  skein embed pool --examples boolq=boolq.jsonl          inputs, for retrieval.by: example\n"
    "  skein embed --file vectors.json --name nomic --output queries.safetensors\n"
    "  skein embed pool --endpoint http://127.0.0.1:8080/v1 --model nomic-embed-text\n"
    "\n"
    "Usage: skein embed POOL [--embedder KIND|DIR] [--file FILE [--name NAME]] [--base DIR]\n"
    "                   [--prompt NAME | --prefix TEXT] [--dimensions N]\n"
    "                   [--endpoint URL --model NAME [--key-env VARIABLE] [--share-examples]]\n"
    "                   [--examples EXPERT=FILE]... [--limit N] [--key KEY] [--threads N]\n"
    "       skein embed --file FILE [--name NAME] --output OUT [--force]\n"
    "\n"
    "  --embedder KIND         lexical (default): hashed character n-grams weighed over the\n"
    "                          pool's instructions; encoder: mean of the base's encoder states;\n"
    "                          precomputed (default with --file): vectors from a file;\n"
    "                          endpoint (default with --endpoint): a model behind the API of "
    "OpenAI\n"
    "  --embedder DIR          an encoder of sentences, as sentence-transformers keeps it: BERT "
    "and\n"
    "                          nomic-bert (all-MiniLM, bge, e5, gte, nomic-embed-text)\n"
    "  --prompt NAME           the prompt of this name in its config_sentence_transformers.json\n"
    "                          is put before every text\n"
    "  --prefix TEXT           TEXT is put before every text\n"
    "  --dimensions N          only the first N numbers of its vectors\n"
    "  --file FILE             vectors by the names of the experts: safetensors or a PyTorch file\n"
    "                          with one vector a name, JSON {\"name\": [numbers]}, or a file of\n"
    "                          skein embed\n"
    "  --name NAME             the embedder that made FILE, where FILE does not say it itself\n"
    "                          (\"embedder\" in its __metadata__)\n"
    "  --base DIR              the pool's base, for encoder, where it is not where the pool says;\n"
    "                          or a T5EncoderModel of it\n"
    "  --endpoint URL          what /embeddings is put behind; the model there is --model NAME, "
    "and\n"
    "                          --key-env names the variable of the environment that holds its key\n"
    "  --share-examples        let --examples go to an endpoint on another machine than this\n"
    "  --examples EXPERT=FILE  embed inputs of an expert's own data (JSONL or .zst) and not the\n"
    "                          instructions; those of other experts stay as they are\n"
    "  --limit N               the most lines of each FILE that are used, from its start (1000)\n"
    "  --key KEY               JSON key of the input (input)\n"
    "  --threads N             threads (2); they change speed only\n"
    "  --output OUT            write FILE as a file of skein embed, for `embeddings:` of a router\n"
    "  --force                 replace OUT where it is there\n"
    "\n"
    "Written are POOL/embeddings/<embedder>.safetensors and examples-<embedder>.safetensors. The\n"
    "name of an embedder says all that its vectors depend on, and vectors of two embedders are "
    "never\n"
    "compared: lexical is named after the pool's instructions, encoder after the base, and a file "
    "of\n"
    "unnamed vectors after its own bytes, an encoder of sentences after its weights, prefix and\n"
    "dimensions. All but precomputed also route without these files; lexical files of earlier "
    "instructions are removed, so give the --examples of "
    "all\n"
    "experts again when instructions change.\n"
    "\n"
    "Cosines of lexical are lower than those of sentence models, about 0.4 between two wordings "
    "of\n"
    "one task: choose global.threshold and global.scale accordingly. Those of encoder are high "
    "even\n"
    "between strangers, and tell tasks apart worse than lexical does when the base is small.\n";

/* ---- parts ---- */

typedef struct Parts {
  PoolManifest manifest;
  Base base;
  const char **corpus;
  Embedder *embedder;
} Parts;

static void close_parts(Parts *p) {
  embedder_close(p->embedder);
  free(p->corpus);
  base_close(&p->base);
  manifest_free(&p->manifest);
}

static Status open_base(Parts *p, const char *given, Error *err) {
  const char *dir;
  TRY(manifest_base(&p->manifest, given, &dir, err));
  TRY(base_open_encoder(&p->base, dir, err));
  if (p->base.model->config.encoder_alone) {
    console_note(NULL,
                 "skein: %s: is an encoder alone: whether it is that of %s shows when it is used",
                 dir, p->manifest.base_name);
    return STATUS_OK;
  }
  TRY(base_sample(&p->base, err));
  if (strcmp(p->base.sample, p->manifest.sample) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH, "%s: is another base than that of %s (%s)", dir,
                   p->manifest.dir, p->manifest.base_name);
}

static void tell_try(void *arg, const char *line) {
  (void)arg;
  console_note(NULL, "%s", line);
}

/* Says what leaves this machine, and how. */
static Status tell_place(const EmbedArguments *a, Error *err) {
  HttpPlace place;
  if (a->kind != EMBEDDER_ENDPOINT) return STATUS_OK;
  TRY(http_place(a->endpoint, "--endpoint", &place, err));
  if (place.loopback) return STATUS_OK;
  console_note(NULL, "%s: is no address of this machine; the %s are sent there%s%s%s", a->endpoint,
               a->examples > 0 ? "examples" : "instructions", place.secret ? "" : ", unencrypted",
               place.proxy[0] ? ", through the proxy " : "", place.proxy);
  return STATUS_OK;
}

static Status open_parts(Parts *p, const EmbedArguments *a, Error *err) {
  EmbedderSpec spec = {
      .kind = (EmbedderKind)a->kind,
      .file = a->file,
      .name = a->name,
      .threads = (int)a->threads,
      .endpoint = {.url = a->endpoint, .model = a->model, .key_env = a->key_env, .tell = tell_try},
      .sentence = a->sentence,
      .share_data = a->share_examples};
  TRY(manifest_read(&p->manifest, a->pool, err));
  if (p->manifest.count == 0) {
    return error_set(err, STATUS_INPUT, "%s: has no experts; add them with `skein pool add`",
                     a->pool);
  }
  TRY(embed_corpus(&p->manifest, &p->corpus, &spec.corpus_count, err));
  spec.corpus = p->corpus;
  if (spec.kind == EMBEDDER_ENCODER) TRY(open_base(p, a->base, err));
  spec.base = &p->base;
  TRY(tell_place(a, err));
  return embedder_open(&p->embedder, &spec, err);
}

/* ---- work ---- */

static void on_text(void *arg, int64_t texts, int64_t of) {
  Progress *progress = arg;
  if (!progress->label) console_progress_begin(progress, "embed", texts - 1, of);
  console_progress_update(progress, texts, "texts");
}

static Status make_instructions(Embeddings *out, const Parts *p, const EmbedWatch *watch,
                                Error *err) {
  const PoolManifest *m = &p->manifest;
  const PoolEntry **entry = calloc((size_t)m->count, sizeof *entry);
  if (!entry) return error_set(err, STATUS_RUN, "out of memory: the pool");
  for (int i = 0; i < m->count; i++) entry[i] = &m->entry[i];
  Status status = embed_instructions(out, p->embedder, m->dir, entry, m->count, watch, err);
  free(entry);
  return status;
}

static Status make_examples(Embeddings *out, const Parts *p, const EmbedArguments *a,
                            const char *path, const EmbedWatch *watch, Error *err) {
  Embeddings old = {0};
  bool there = file_exists(path);
  if (there) TRY(embeddings_read(&old, path, err));
  Status status = STATUS_OK;
  if (there && strcmp(old.embedder, embedder_name(p->embedder)) != 0) {
    status = error_set(err, STATUS_MISMATCH, "%s: holds embeddings of '%s', not of '%s'; remove it",
                       path, old.embedder, embedder_name(p->embedder));
  }
  if (status == STATUS_OK) {
    status = embed_examples(out, p->embedder, &p->manifest, a->example, a->examples, a->key,
                            a->limit, there ? &old : NULL, watch, err);
  }
  embeddings_free(&old);
  return status;
}

static Status write_to_pool(const Embeddings *e, const char *path, Error *err) {
  char *dir = path_parent(path);
  Status status = dir ? dir_make(dir, err) : error_set(err, STATUS_RUN, "%s: out of memory", path);
  free(dir);
  return status == STATUS_OK ? embeddings_write(e, path, err) : status;
}

static Status remove_one(const char *dir, const char *name, const char *kept, Error *err) {
  char *stale = path_join(dir, name);
  if (!stale) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  Status status = STATUS_OK;
  if (strcmp(stale, kept) != 0) {
    status = file_remove(stale, err);
    if (status == STATUS_OK) console_say("%s: removed, it was of other instructions", stale);
  }
  free(stale);
  return status;
}

/* Removes the pool's lexical files, of instructions or of examples, that are not `path`: they are
 * of a corpus that the pool no longer has, so nothing will read them. */
static Status remove_stale(const char *path, bool examples, Error *err) {
  const char *prefix = examples ? "examples-lexical-" : "lexical-";
  char *dir = path_parent(path);
  DirNames names = {0};
  Status status =
      dir ? dir_names(&names, dir, err) : error_set(err, STATUS_RUN, "%s: out of memory", path);
  for (size_t i = 0; status == STATUS_OK && i < names.count; i++) {
    if (strncmp(names.name[i], prefix, strlen(prefix)) == 0)
      status = remove_one(dir, names.name[i], path, err);
  }
  dir_names_free(&names);
  free(dir);
  return status;
}

static void tell_cut(const Embedder *e, int64_t texts) {
  int64_t longest, cut = embedder_cut(e, &longest);
  if (cut == 0) return;
  console_note(NULL,
               "embed: %" PRId64 " of %" PRId64 " texts have more than the %" PRId64
               " tokens that are read of one; their rest was left out",
               cut, texts, longest);
}

static Status write_embeddings(const Parts *p, const EmbedArguments *a, Error *err) {
  Progress progress = {0};
  EmbedWatch watch = {&progress, on_text};
  Embeddings out = {0};
  char *path = embeddings_path(a->pool, embedder_name(p->embedder), a->examples > 0);
  if (!path) return error_set(err, STATUS_RUN, "out of memory: the path of the embeddings");
  bool there = false;
  const OutputRule rule = {true, &a->file, 1}; /* what the pool has of this embedder is made anew */
  Status status = file_look(path, &there, err);
  if (status == STATUS_OK) status = output_check(path, &rule, err);
  if (status == STATUS_OK)
    status = a->examples > 0 ? make_examples(&out, p, a, path, &watch, err)
                             : make_instructions(&out, p, &watch, err);
  console_progress_end(&progress);
  if (status == STATUS_OK) status = write_to_pool(&out, path, err);
  if (status == STATUS_OK) {
    console_say("%s: %" PRId64 " %s, dimension %" PRId64 "%s", path, out.count,
                a->examples > 0 ? "examples" : "experts", out.dim,
                there ? ", in the place of the earlier ones" : "");
    tell_cut(p->embedder, out.count);
    if (a->kind == EMBEDDER_LEXICAL) status = remove_stale(path, a->examples > 0, err);
  }
  embeddings_free(&out);
  free(path);
  return status;
}

static Status embed_pool(const EmbedArguments *a, Error *err) {
  Parts parts = {0};
  Lock *lock;
  const LockWait wait = pool_wait();
  TRY(manifest_read(&parts.manifest, a->pool, err)); /* that it is a pool */
  manifest_free(&parts.manifest);
  TRY(pool_lock(&lock, a->pool, &wait, err));
  Status status = open_parts(&parts, a, err);
  if (status == STATUS_OK) {
    const char *note = embedder_note(parts.embedder);
    if (note) console_note(NULL, "embed: %s", note);
    status = write_embeddings(&parts, a, err);
  }
  close_parts(&parts);
  lock_release(lock);
  return status;
}

static Status convert_file(const EmbedArguments *a, Error *err) {
  Embeddings e;
  TRY(output_check(a->output, &(OutputRule){a->force, &a->file, 1}, err));
  TRY(embeddings_import(&e, a->file, a->name, err));
  Status status = embeddings_write(&e, a->output, err);
  if (status == STATUS_OK)
    console_say("%s: %" PRId64 " vectors of '%s', dimension %" PRId64, a->output, e.count,
                e.embedder, e.dim);
  embeddings_free(&e);
  return status;
}

static int run_embed(int argc, char **argv, Error *err) {
  EmbedArguments a = {0};
  Status status = embed_arguments_read(&a, argc, argv, err);
  if (status == STATUS_OK) status = a.output ? convert_file(&a, err) : embed_pool(&a, err);
  embed_arguments_free(&a);
  return (int)status;
}

const Command command_embed = {
    .name = "embed",
    .summary = "fill a pool with embeddings of its experts",
    .usage = usage,
    .run = run_embed,
    .arguments = &embed_arguments,
};

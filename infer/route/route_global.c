#include "infer/route/route_global.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "infer/embed/embed_cosine.h"
#include "infer/embed/embed_pool.h"
#include "infer/route/global_vectors.h"

#define QUERY(field) offsetof(GlobalSettings, query.field)

static const Option OPTION[] = {
    {"global.drop_last", OPTION_BOOL, offsetof(GlobalSettings, drop_last), "false", 0, 0, NULL,
     false, "leave out the last coordinate of embeddings, as the released code of GLIDER does"},
    {"embedder", OPTION_CHOICE, offsetof(GlobalSettings, embedder), "lexical", 0, 0,
     EMBEDDER_CHOICES, false, "what embeds instructions and inputs (glider, retrieval)"},
    {"embeddings", OPTION_PATH, offsetof(GlobalSettings, embeddings), NULL, 0, 0, NULL, false,
     "vectors of the queries, safetensors or JSON (embedder: precomputed)"},
    {"embedder.model", OPTION_PATH, offsetof(GlobalSettings, model), NULL, 0, 0, NULL, false,
     "directory of an encoder of sentences (embedder: sentence)"},
    {"embedder.prompt", OPTION_STRING, offsetof(GlobalSettings, prompt), NULL, 0, 0, NULL, false,
     "sentence: name of its prompt that is put before texts"},
    {"embedder.prefix", OPTION_STRING, offsetof(GlobalSettings, prefix), NULL, 0, 0, NULL, false,
     "sentence: what is put before texts"},
    {"embedder.dimensions", OPTION_INT, offsetof(GlobalSettings, dimensions), "0", 0, 1e6, NULL,
     false, "sentence: leading numbers of a vector that are kept; 0: all"},
    {"endpoint.key_env", OPTION_STRING, offsetof(GlobalSettings, endpoint_key_env), NULL, 0, 0,
     NULL, false, "variable of the environment that holds the endpoint's key"},
    {"endpoint.model", OPTION_STRING, offsetof(GlobalSettings, endpoint_model), NULL, 0, 0, NULL,
     false, "model that embeds, as the endpoint calls it (embedder: endpoint)"},
    {"endpoint.share_inputs", OPTION_BOOL, offsetof(GlobalSettings, share_inputs), "false", 0, 0,
     NULL, false, "let inputs without an instruction go to an endpoint on another machine"},
    {"endpoint.url", OPTION_STRING, offsetof(GlobalSettings, endpoint_url), NULL, 0, 0, NULL, false,
     "what /embeddings is put behind: http://127.0.0.1:8080/v1 (embedder: endpoint)"},
    {"query", OPTION_CHOICE, QUERY(source), "instruction", 0, 0, QUERY_CHOICES, false,
     "what an input is compared by: its line's or task's instruction, itself, or what is written"},
    {"query.cache", OPTION_OUTPUT, QUERY(cache), NULL, 0, 0, NULL, false,
     "llm: file that keeps every answer, so that nobody is asked twice"},
    {"query.key_env", OPTION_STRING, QUERY(key_env), NULL, 0, 0, NULL, false,
     "llm: variable of the environment that holds the endpoint's key"},
    {"query.max_tokens", OPTION_INT, QUERY(max_tokens), "0", 0, 1e5, NULL, false,
     "llm: the longest answer, which is cut there; 0: not sent"},
    {"query.model", OPTION_STRING, QUERY(model), NULL, 0, 0, NULL, false,
     "llm: the language model, as the endpoint calls it"},
    {"query.seed", OPTION_INT, QUERY(seed), "0", 0, 1e9, NULL, false, "llm: is sent"},
    {"query.share_inputs", OPTION_BOOL, QUERY(share_inputs), "false", 0, 0, NULL, false,
     "llm: let inputs go to an endpoint on another machine"},
    {"query.temperature", OPTION_REAL, QUERY(temperature), "-1", -1, 2, NULL, false,
     "llm: below 0: not sent"},
    {"query.template", OPTION_PATH, QUERY(pattern), NULL, 0, 0, NULL, false,
     "llm: file of another prompt; {input} stands where the input goes, as a line of JSON"},
    {"query.url", OPTION_STRING, QUERY(url), NULL, 0, 0, NULL, false,
     "llm: what /chat/completions is put behind: http://127.0.0.1:8080/v1"},
};
const SettingsGroup global_settings = {OPTION, sizeof OPTION / sizeof *OPTION,
                                       sizeof(GlobalSettings)};

bool global_reads_key(const RouterSettings *settings, const char *key) {
  const GlobalSettings *s = router_own(settings, &global_settings);
  bool query = strncmp(key, "query", strlen("query")) == 0;
  if (query && s->embedder == EMBEDDER_PRECOMPUTED) return false;
  if (query && key[strlen("query")] && strcmp(key, "query.kind") != 0)
    return s->query.source == QUERY_LLM;
  if (strncmp(key, "endpoint.", strlen("endpoint.")) == 0) return s->embedder == EMBEDDER_ENDPOINT;
  bool below = strncmp(key, "embedder.", strlen("embedder.")) == 0;
  return !below || s->embedder == EMBEDDER_SENTENCE || strcmp(key, "embedder.kind") == 0;
}

SentenceSettings global_sentence(const GlobalSettings *s) {
  return (SentenceSettings){
      .dir = s->model, .prompt = s->prompt, .prefix = s->prefix, .dimensions = s->dimensions};
}

/* The cosines of one query, kept for the next equal one. */
typedef struct Known {
  char key[HASH_HEX]; /* SHA-256 of the query's text or name */
  double cosine[];    /* [experts] */
} Known;

struct GlobalRouter {
  GlobalBy by;
  int threads;
  QuerySource source;  /* of the texts of queries */
  QueryWriter *writer; /* NULL: nobody writes */
  Embedder *embedder;
  GlobalVectors vectors; /* of the experts */
  void *known;           /* a tree of tsearch of Known */
  float *query;          /* [dim] */
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the global router");
}

/* ---- the embedder ---- */

static Status open_lexical(GlobalRouter *g, EmbedderSpec *spec, const Pool *pool, Error *err) {
  PoolManifest m = {0};
  const char **corpus = NULL;
  TRY(manifest_read(&m, pool_dir(pool), err));
  Status status = embed_corpus(&m, &corpus, &spec->corpus_count, err);
  spec->corpus = corpus;
  if (status == STATUS_OK) status = embedder_open(&g->embedder, spec, err);
  free(corpus);
  manifest_free(&m);
  return status;
}

static Status open_embedder(GlobalRouter *g, const GlobalSettings *s, const Pool *pool,
                            const Base *base, Error *err) {
  static const EndpointNames NAMES = {"endpoint.url", "endpoint.model", "endpoint.key_env"};
  EmbedderSpec spec = {.kind = (EmbedderKind)s->embedder,
                       .file = s->embeddings,
                       .base = base,
                       .threads = g->threads,
                       .endpoint = {.url = s->endpoint_url,
                                    .model = s->endpoint_model,
                                    .key_env = s->endpoint_key_env,
                                    .names = &NAMES},
                       .sentence = global_sentence(s),
                       .share_data = s->share_inputs};
  if (spec.kind == EMBEDDER_LEXICAL) return open_lexical(g, &spec, pool, err);
  bool by_key = spec.kind == EMBEDDER_PRECOMPUTED;
  if (by_key && !spec.file) {
    return error_set(err, STATUS_USAGE,
                     "embeddings: is missing; embedder: precomputed wants the file of the queries' "
                     "vectors");
  }
  if (spec.kind == EMBEDDER_SENTENCE && !s->model) {
    return error_set(err, STATUS_USAGE,
                     "embedder.model: is missing; embedder: sentence wants the directory of an "
                     "encoder of sentences");
  }
  if (by_key && g->by != GLOBAL_BY_INSTRUCTION) {
    return error_set(
        err, STATUS_USAGE,
        "retrieval.by: example, and example-mean, embed every input, which embedder: precomputed "
        "cannot; use lexical or encoder");
  }
  return embedder_open(&g->embedder, &spec, err);
}

static Status open_parts(GlobalRouter *g, const GlobalSettings *s, const Pool *pool,
                         const Base *base, Error *err) {
  TRY(open_embedder(g, s, pool, base, err));
  if (g->by == GLOBAL_BY_INSTRUCTION && !embedder_by_key(g->embedder))
    TRY(query_open(&g->writer, &s->query, err));
  TRY(global_vectors_open(&g->vectors, g->embedder, pool, g->by, s->drop_last, err));
  g->query = calloc((size_t)g->vectors.rows.dim, sizeof *g->query);
  return g->query ? STATUS_OK : no_memory(err);
}

Status global_router_open(GlobalRouter **out, const GlobalSettings *s, GlobalBy by,
                          const Pool *pool, const Base *base, int threads, Error *err) {
  *out = NULL;
  GlobalRouter *g = calloc(1, sizeof *g);
  if (!g) return no_memory(err);
  *g = (GlobalRouter){.by = by, .threads = threads, .source = (QuerySource)s->query.source};
  Status status = open_parts(g, s, pool, base, err);
  if (status == STATUS_OK) {
    *out = g;
  } else {
    global_router_close(g);
  }
  return status;
}

void global_router_close(GlobalRouter *g) {
  if (!g) return;
  tdestroy(g->known, free);
  free(g->query);
  global_vectors_free(&g->vectors);
  query_writer_close(g->writer);
  embedder_close(g->embedder);
  free(g);
}

/* ---- notes ---- */

typedef void Say(void *arg, const char *line);

static void tell_kept(const GlobalRouter *g, Say *say, void *arg) {
  char line[1600];
  if (!g->vectors.kept) return;
  snprintf(
      line, sizeof line,
      "embedder: instructions are compared by %s; the pool keeps vectors of %.1000s, which are "
      "not read (--embedder chooses)",
      embedder_name(g->embedder), g->vectors.kept);
  say(arg, line);
}

static void tell_cut(const GlobalRouter *g, Say *say, void *arg) {
  char line[300];
  int64_t longest, cut = embedder_cut(g->embedder, &longest);
  if (cut == 0) return;
  snprintf(line, sizeof line,
           "embedder: %" PRId64 " text%s longer than the %" PRId64
           " tokens that are read of one; instructions were compared without the rest",
           cut, cut == 1 ? " is" : "s are", longest);
  say(arg, line);
}

void global_tell(const GlobalRouter *g, bool ended, Say *say, void *arg) {
  char line[1600];
  const char *note = embedder_note(g->embedder);
  if (ended) {
    tell_cut(g, say, arg);
    return;
  }
  tell_kept(g, say, arg);
  if (!note) return;
  snprintf(line, sizeof line, "embedder: %.1500s", note);
  say(arg, line);
}

/* ---- queries ---- */

typedef struct CosineTask {
  const GlobalRouter *g;
  double norm; /* of the query */
  double *cosine;
} CosineTask;

static void expert_cosine(void *arg, int64_t expert, int worker) {
  (void)worker;
  const CosineTask *t = arg;
  t->cosine[expert] = global_vectors_cosine(&t->g->vectors, expert, t->g->query, t->norm);
}

/* The text that a query is embedded by; for precomputed the name of its task, which may be NULL. */
static Status find_text(GlobalRouter *g, const RouteQuery *q, const char **text, EmbedWhat *what,
                        Error *err) {
  *what = EMBED_DATA;
  *text = embedder_by_key(g->embedder) ? q->task : q->input;
  if (embedder_by_key(g->embedder) || g->by != GLOBAL_BY_INSTRUCTION) return STATUS_OK;
  return query_text(g->source, g->writer, q, text, what, err);
}

static int compare_known(const void *a, const void *b) {
  return strcmp(((const Known *)a)->key, ((const Known *)b)->key);
}

/* Fills the cosines of a text that is asked for the first time. */
static Status compare_text(GlobalRouter *g, EmbedWhat what, const char *text, Known *known,
                           Error *err) {
  int failed;
  const EmbedText query = {text, text};
  TRY(embed_text_hash(text, known->key, err));
  TRY(embedder_embed_all(g->embedder, what, &query, 1, g->query, &failed, err));
  CosineTask task = {g, embed_norm(g->query, g->vectors.compared), known->cosine};
  parallel_for(g->threads, g->vectors.experts, expert_cosine, &task);
  if (tsearch(known, &g->known, compare_known)) return STATUS_OK;
  return no_memory(err);
}

Status global_cosines(GlobalRouter *g, const RouteQuery *q, const double **cosine, Error *err) {
  EmbedWhat what;
  const char *text;
  TRY(find_text(g, q, &text, &what, err));
  if (!text) {
    return error_set(
        err, STATUS_USAGE,
        "embedder: precomputed finds a query by the name of its task, and it has none; give it by "
        "--task, or by \"task\" in the line");
  }
  Known key;
  TRY(embed_text_hash(text, key.key, err));
  Known *const *found = tfind(&key, &g->known, compare_known);
  Known *known = found ? *found : NULL;
  if (!known) {
    known = calloc(1, sizeof *known + (size_t)g->vectors.experts * sizeof *known->cosine);
    if (!known) return no_memory(err);
    Status status = compare_text(g, what, text, known, err);
    if (status != STATUS_OK) {
      free(known);
      return status;
    }
  }
  *cosine = known->cosine;
  return STATUS_OK;
}

int32_t global_nearest(const double *cosine, int experts) {
  int32_t best = 0;
  for (int i = 1; i < experts; i++) {
    if (cosine[i] > cosine[best]) best = i;
  }
  return best;
}

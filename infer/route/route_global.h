/* route_global: the part of routing that is the same for all tokens of an input: how near its
 * instruction, or the input, is to each expert's instruction or examples. GLIDER adds it to logits,
 * retrieval chooses by it.
 *
 * Where the vectors of the experts come from:
 *
 *   BY           VECTORS
 *   instruction  POOL/embeddings/<embedder>.safetensors. Where there is none, all but precomputed
 *                embed the instructions of the manifest now: the name of an embedder says
 *                everything its vectors depend on and the file says which text each is of, so both
 *                ways give the same vectors. precomputed has only the file.
 *   example      POOL/embeddings/examples-<embedder>.safetensors, rows "<expert>/<index>"; the
 *                cosine of an expert is the largest over its rows. Not with precomputed.
 *   example-mean the same file; the cosine with the mean of an expert's rows, each of which counts
 *                with its length (as LoraRetriever's; Zhao et al. 2024, arXiv 2402.09997, section
 *                4.1).
 *
 * An expert that such a file lacks, a vector of an instruction that was changed since, another
 * dimension and another embedder are errors that name the command to run. The corpus of `lexical`
 * is every instruction of the manifest, whichever experts are opened. */
#ifndef SKEIN_ROUTE_GLOBAL_H
#define SKEIN_ROUTE_GLOBAL_H

#include "infer/pool/pool.h"
#include "infer/route/route_query.h"
#include "infer/route/router_settings.h"
#include "infer/sentence/sentence.h"

typedef struct GlobalSettings {
  bool drop_last; /* global.drop_last: compare all coordinates but the last, as the released code of
                       GLIDER does */
  int embedder;   /* embedder: EmbedderKind */
  char *embeddings; /* embeddings: the file of `precomputed` for queries */
  char *endpoint_url, *endpoint_model, *endpoint_key_env; /* endpoint.url, ...: of `endpoint` */
  bool share_inputs;  /* endpoint.share_inputs: inputs may be sent to another machine than this */
  char *model;        /* embedder.model: the directory of `sentence` (infer/sentence/sentence.h) */
  char *prompt;       /* embedder.prompt */
  char *prefix;       /* embedder.prefix */
  int64_t dimensions; /* embedder.dimensions: 0, all */
  QuerySettings query;
} GlobalSettings;
extern const SettingsGroup global_settings;
/* RouteMethod.reads_key of these: those of the endpoint with `embedder: endpoint` alone, those
 * below `embedder` with `embedder: sentence`, those below `query` with `query: llm`. */
bool global_reads_key(const RouterSettings *settings, const char *key);
/* What they say of an encoder of sentences; borrowed. */
SentenceSettings global_sentence(const GlobalSettings *s);

typedef enum GlobalBy { GLOBAL_BY_INSTRUCTION, GLOBAL_BY_EXAMPLE, GLOBAL_BY_EXAMPLE_MEAN } GlobalBy;

/* Of infer/t5; methods hand it on. */
typedef struct Base Base;

typedef struct GlobalRouter GlobalRouter;

/* `s` is read now; pool and base must outlive the router. */
Status global_router_open(GlobalRouter **g, const GlobalSettings *s, GlobalBy by, const Pool *pool,
                          const Base *base, int threads, Error *err);
void global_router_close(GlobalRouter *g); /* NULL is allowed */

/* What who routes should know, a line each: that the pool keeps vectors of other embedders alone, and
 * what is to be known of this one; with `ended`, what of the texts was not read. */
void global_tell(const GlobalRouter *g, bool ended, void (*say)(void *arg, const char *line),
                 void *arg);

/* The cosines [experts] of one query with the experts, valid while the router is. The query's
 * vector is that of q->task for precomputed, that of q->input by example, otherwise that of its text
 * (route_query.h). Equal texts are embedded once. */
Status global_cosines(GlobalRouter *g, const RouteQuery *q, const double **cosine, Error *err);

/* The expert with the largest cosine, the first of equals. */
int32_t global_nearest(const double *cosine, int experts);

#endif

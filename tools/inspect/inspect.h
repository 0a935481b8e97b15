/* inspect: what is in a file or directory that skein reads or writes, as facts.
 *
 * The room tools/inspect owns the reports on what is on disk, a file a kind; pools report on
 * themselves (tools/pool). It writes nothing and prints nothing. */
#ifndef SKEIN_INSPECT_H
#define SKEIN_INSPECT_H

#include "data/tensors/weights.h"
#include "infer/adapter/peft_config.h"
#include "tools/shell/facts.h"

typedef struct Inspection {
  Facts facts;
  bool values;      /* read the numbers too, not only names and shapes */
  const char *base; /* directory of the base an expert belongs to; NULL: not given */
} Inspection;

/* A file of tensors, safetensors or PyTorch; a gate file is recognised by its metadata. */
Status inspect_file(Inspection *in, const char *path, Error *err);
/* A Hugging Face T5 directory. */
Status inspect_base(Inspection *in, const char *dir, Error *err);
/* A directory with a config.json: an encoder of sentences, whose embedder is called as that of
 * vectors that are made without a prefix of one's own, or a T5. */
Status inspect_model(Inspection *in, const char *dir, Error *err);
/* A directory with a modules.json: an encoder of sentences, unless inspect_model has looked at it. */
Status inspect_modules(Inspection *in, const char *dir, Error *err);
/* A PEFT directory of a LoRA or (IA)3. */
Status inspect_expert(Inspection *in, const char *dir, Error *err);
/* A directory that `skein train` writes. */
Status inspect_run(Inspection *in, const char *dir, Error *err);

/* The tensors of an (IA)3. */
Status inspect_ia3(Inspection *in, const PeftConfig *config, const Weights *w, Error *err);

/* Which files the weights are in; compares them with the sums that they have of their data. */
Status inspect_weights(Inspection *in, const Weights *w, Error *err);

/* Numbers of one stored tensor. Of dtypes other than F16, BF16, F32 and F64 only `count` is known.
 */
typedef struct ValueSummary {
  int64_t count, non_finite;
  bool known;
  double min, max, mean, norm; /* over the finite values; NaN where there is none */
} ValueSummary;

ValueSummary summarize_values(const TensorEntry *entry);

/* Appends one row about a tensor to the table `rows`; returns its non-finite values. */
int64_t inspect_tensor(Inspection *in, json_t *rows, const TensorEntry *entry);

#endif

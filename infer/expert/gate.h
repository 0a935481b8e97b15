/* gate: the sigmoid gate vectors of one expert, one a covered module; what they do to a token is in
 * autograd/op/gate_sigmoid.h.
 *
 * gate.safetensors holds one F32 tensor `<module>.gate` [d_in] a module, raw as trained
 * (standardisation belongs to the router), and in __metadata__:
 *
 *   KEY         VALUE
 *   format      "skein-gate"
 *   version     "1"
 *   base        fingerprint of the base (t5_fingerprint)
 *   expert      fingerprint of the expert (expert_fingerprint)
 *   recipe      name of the recipe, "custom" if none
 *   steps       optimizer steps behind these values
 *   seed        seed of the run
 *   extended    steps of the shorter run by whose learning rates or validations the first of these
 *               steps went (train/extension.h); not there where all went by one plan
 *   verdict     "trained", "barely" or "not": whether its run trained it, by the rule of
 *               train/verdict.h; not there where nobody judged
 *   collector   how whoever collected a pool trained it, on data that are not the expert's: "share"
 *               or "joint" (gate_maker.h); not there where the expert's contributor did
 *   data        of a collector's: SHA-256 of those data (examples_hash)
 *   provenance  "unverified": the values come from a file that does not say which base and expert
 *               they were trained on, so base and expert are those that they were put together
 *               with, and recipe, steps and seed are not there
 *   vectors     of unverified gates that a router may not standardise: "standardised" or
 *               "directions", see GateForm
 */
#ifndef SKEIN_GATE_H
#define SKEIN_GATE_H

#include "infer/expert/expert.h"
#include "infer/expert/gate_maker.h"
#include "infer/expert/vector_file.h"

#define PROVENANCE_UNVERIFIED "unverified"

typedef struct Gate {
  Tensor *vector; /* [count], by Module.id; [1, d_in] where gate_covers */
  int count;
} Gate;

/* What the values of a gate are, by which a router knows whether to standardise them. */
typedef enum GateForm {
  GATE_RAW,          /* as trained: routers standardise them */
  GATE_STANDARDISED, /* mean 0 and variance 1 already, as GLIDER's code holds them in memory */
  GATE_DIRECTIONS,   /* taken as they are on their owner's word, as GLIDER's runs of Arrow do */
} GateForm;

/* Whether a gate is trained, in the words of the run that made it. */
typedef enum GateVerdict {
  VERDICT_UNSAID,
  VERDICT_NOT,
  VERDICT_BARELY,
  VERDICT_TRAINED,
} GateVerdict;

typedef struct GateInfo {
  char base[HASH_HEX], expert[HASH_HEX], recipe[32]; /* recipe: "" of unverified gates */
  int64_t steps;
  uint64_t seed;
  int64_t extended;    /* 0: never */
  GateVerdict verdict; /* unsaid of unverified gates */
  GateMaker maker;     /* contributed where a gate is unverified */
  bool unverified;
  GateForm form;
} GateInfo;

/* Gates on no module yet, for readers of files. */
Status gate_blank(Gate **gate, const Modules *modules, Error *err);
/* Zero gates (sigma = 1/2) on every module the expert covers, needing gradients. */
Status gate_new(Gate **gate, const Expert *expert, const Modules *modules, Error *err);
void gate_close(Gate *gate); /* NULL is allowed */

/* Whether there is a gate at the module with this id: where its expert covers it. */
bool gate_covers(const Gate *gate, int module);

Status gate_save(const Gate *gate, const Modules *modules, const char *path, const GateInfo *info,
                 Error *err);
/* What a gate file says of itself. */
Status gate_info_read(const VectorFile *f, GateInfo *info, Error *err);
/* Reads a gate file for this expert of the base with the fingerprint `base`: exactly the covered
 * modules, finite, of the right length; another base or expert fingerprint is STATUS_MISMATCH. The
 * vectors need no gradient. */
Status gate_open(Gate **gate, const char *path, const Expert *expert, const Modules *modules,
                 const char *base, GateInfo *info, Error *err);

/* The form that the values themselves show: GATE_STANDARDISED where every vector that is not 0 has
 * mean 0 and variance 1 but for rounding to bf16 and the eps of the layer norm, otherwise
 * GATE_RAW. Raw gates that look so by chance do not occur: it takes all modules. */
GateForm gate_form(const Gate *gate);
/* "raw", "standardised" or "directions". */
const char *gate_form_name(GateForm form);
/* "not", "barely" or "trained"; NULL where it is unsaid. */
const char *gate_verdict_name(GateVerdict verdict);

/* Slots that add the expert behind its gates; free slot with free(). */
Status gate_adapters(const Gate *gate, const Expert *expert, AdapterSet *set, Error *err);

#endif

/* modules: the adaptable linears of a model as a list of names, shapes and places. It is all that
 * experts, gates, pools, merges, routers and statistics know of a model.
 *
 * The room infer/module owns this list and the keyhole (linear.h) through which a model's linears
 * are run. It knows no model and no expert. */
#ifndef SKEIN_MODULES_H
#define SKEIN_MODULES_H

#include <stdint.h>

/* What a module reads: its rows are tokens of the prompt (the encoder's, and what cross-attention
 * makes keys and values of), or of a continuation. */
typedef enum ModuleSide { SIDE_PROMPT, SIDE_CONTINUATION } ModuleSide;

typedef struct Module {
  char *name;          /* "encoder.block.0.layer.0.SelfAttention.q" */
  int group;           /* where it is, for figures and reports: an index of Modules.group */
  int64_t d_in, d_out; /* of its weight [d_out, d_in] */
  ModuleSide side;
  int id; /* its index in the list, and its slot in every AdapterSet of the model */
} Module;

typedef struct Modules {
  Module *module; /* [count], in the order of the forward */
  int count;
  const char *const *group; /* [groups] "encoder.self"; literals */
  int groups;
  char shape[96]; /* the model in a few words, for messages: "12 encoder and 12 decoder blocks" */
} Modules;

/* The module of that name; NULL when there is none. */
const Module *modules_find(const Modules *m, const char *name);

/* The last component of a module's name: "q". */
const char *module_last_part(const char *name);

#endif

#include "infer/route/router.h"

#define ROUTERS                                                                           \
  "base|expert|merged|merged-factors|uniform|random|phatgoose|glider|average-activation|" \
  "arrow|retrieval"
#define SEED_MOST   9007199254740992.0 /* 2^53: what every JSON reader keeps exactly */
#define FIELD(path) offsetof(RouterSettings, path)
#define INT(key, path, initial, min, max, help) \
  { key, OPTION_INT, FIELD(path), initial, min, max, NULL, false, help }
#define REAL(key, path, initial, min, max, help) \
  { key, OPTION_REAL, FIELD(path), initial, min, max, NULL, false, help }
#define CHOICE(key, path, initial, choices, help) \
  { key, OPTION_CHOICE, FIELD(path), initial, 0, 0, choices, false, help }

static const Option TABLE[] = {
    CHOICE("router", kind, "phatgoose", ROUTERS, "how experts are chosen for each token"),
    {"expert", OPTION_STRING, FIELD(expert), NULL, 0, 0, NULL, false,
     "name of the one expert that runs (router: expert)"},
    {"only", OPTION_LIST, FIELD(only), NULL, 0, 0, NULL, false,
     "names of the experts that take part; unset: all of the pool"},
    INT("top_k", top_k, "2", 1, 1e6, "experts a token and module; at most as many as there are"),
    REAL("top_p", top_p, "1", 0, 1,
         "above 0; below 1 it replaces top_k: the fewest experts with this share of the softmax"),
    INT("seed", seed, "42", 0, SEED_MOST, "seed of router: random"),
    CHOICE("global.rule", global.rule, "constant", "constant|threshold",
           "weight of the instructions' similarity: global.scale, or gamma * [max > threshold] + "
           "beta"),
    REAL("global.scale", global.scale, "3", -1e6, 1e6,
         "glider: the constant rule's weight; the paper's runs use 100 held-in, 3 held-out"),
    REAL("global.gamma", global.gamma, "100", -1e6, 1e6, "glider: of the threshold rule"),
    REAL("global.beta", global.beta, "3", -1e6, 1e6, "glider: of the threshold rule"),
    REAL("global.threshold", global.threshold, "0.8", -1, 1, "glider: of the threshold rule"),
    {"global.drop_last", OPTION_BOOL, FIELD(global.drop_last), "false", 0, 0, NULL, false,
     "leave out the last coordinate of embeddings, as the released code of GLIDER does"},
    CHOICE("embedder", embedder, "lexical", "lexical|encoder|precomputed",
           "what embeds instructions and inputs (glider, retrieval)"),
    {"embeddings", OPTION_PATH, FIELD(embeddings), NULL, 0, 0, NULL, false,
     "vectors of the queries, safetensors or JSON (embedder: precomputed)"},
    CHOICE("arrow.mode", arrow_mode, "mttl", "mttl|glider|glider-released",
           "MTTL's Arrow, the branch that GLIDER's code intends, or the one that it runs"),
    CHOICE("activation.mode", activation_mode, "mean", "mean|absolute",
           "average-activation: mean of inputs (PHATGOOSE) or of their absolute values (GLIDER)"),
    CHOICE("retrieval.by", retrieval_by, "instruction", "instruction|example",
           "what the query is compared with: experts' instructions or examples"),
};

Status router_settings_init(OptionSet *set, RouterSettings *settings, Error *err) {
  return options_init(set, TABLE, sizeof TABLE / sizeof *TABLE, settings, err);
}

const char *router_kind_name(RouterKind kind) {
  static const char *const NAME[] = {
      [ROUTER_BASE] = "base",
      [ROUTER_EXPERT] = "expert",
      [ROUTER_MERGED] = "merged",
      [ROUTER_MERGED_FACTORS] = "merged-factors",
      [ROUTER_UNIFORM] = "uniform",
      [ROUTER_RANDOM] = "random",
      [ROUTER_PHATGOOSE] = "phatgoose",
      [ROUTER_GLIDER] = "glider",
      [ROUTER_AVERAGE_ACTIVATION] = "average-activation",
      [ROUTER_ARROW] = "arrow",
      [ROUTER_RETRIEVAL] = "retrieval",
  };
  return NAME[kind];
}

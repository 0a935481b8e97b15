#include "tests/identity_rows.h"

#include <stddef.h>

#include "tests/eval_changes.h"

#define OUT   "output: @/out\n"
#define WHERE "pool: @/pool\nbase: @/base\n" OUT
#define BASE  "threads: 1\nbase: @/base\n" OUT
#define POOL  "threads: 1\n" WHERE
#define NOPOOL \
  { BASE, NULL, "base" }
#define FILE_                  "file: @/items.jsonl"
#define WHO                    "name: t, " FILE_ ", limit: 2"
#define SAY                    WHO ", kind: generation, max_output: 3"
#define BEAMS                  SAY ", beams: 2"
#define GLIDER                 "name: m, router: glider, global.scale: 20"
#define PART                   GLIDER ", only: [wide, some]"
#define NEAREST                "name: m, router: retrieval, retrieval.k: 2"
#define LOGO                   "name: m, router: logo, only: wide, top_k: 1"
#define STEP                   "name: m, router: glider, global.rule: threshold"
#define KEYED                  "name: m, router: retrieval, embedder: precomputed, embeddings: @/vectors.json"
#define ENCODER                "tests/golden/sentence/bert"
#define RETRIEVAL(more)        "name: m, router: retrieval, embedder: {kind: sentence, " more "}"
#define SENTENCE               RETRIEVAL("model: " ENCODER)
#define MERGED(method, more)   "name: m, router: merged, merge: {method: " method ", " more "}"
#define METHOD(before, after)  {NULL, NULL, before}, {NULL, NULL, after}, NULL
#define TASK(before, after)    {NULL, before, NULL}, {NULL, after, NULL}, NULL
#define SETTINGS(after)        {NULL, NULL, NULL}, {after POOL, NULL, NULL}, NULL
#define CHANGE(method, change) {NULL, NULL, method}, {NULL, NULL, NULL}, change

#define LLM_OF(more)  GLIDER ", query: {kind: llm, cache: @/kept.jsonl, model: m, " more "}"
#define LLM           LLM_OF("url: 'http://127.0.0.1:PORT/'")
#define LLM_AND(more) LLM_OF("url: 'http://127.0.0.1:PORT/', " more)

const IdentityRow IDENTITY_ROW[] = {
    /* The evaluation's settings. */
    {"limit",
     AGAIN,
     {"limit: 2\n" POOL, "name: t, " FILE_, NULL},
     {"limit: 3\n" POOL, NULL, NULL},
     NULL},
    {"sample.rule", AGAIN, SETTINGS("sample.rule: first\n")},
    {"sample.rule",
     SAME,
     {NULL, "name: t, " FILE_, NULL},
     {"sample.rule: first\n" POOL, NULL, NULL},
     NULL},
    {"sample.seed", AGAIN, SETTINGS("sample.seed: 9\n")},
    {"sample.seed",
     SAME,
     {NULL, "name: t, " FILE_, NULL},
     {"sample.seed: 9\n" POOL, NULL, NULL},
     NULL},
    {"precision", AGAIN, SETTINGS("precision: bf16\n")},
    {"max_input", AGAIN, SETTINGS("max_input: 9\n")},
    {"max_target", AGAIN, SETTINGS("max_target: 9\n")},
    {"instructions", AGAIN, SETTINGS("instructions: @/instructions.jsonl\n")},
    {"bootstrap.samples", AGAIN, SETTINGS("bootstrap.samples: 9\n")},
    {"bootstrap.seed", AGAIN, SETTINGS("bootstrap.seed: 9\n")},
    {"output",
     AGAIN,
     {NULL, NULL, NULL},
     {"pool: @/pool\nbase: @/base\noutput: @/out2\n", NULL, NULL},
     NULL},
    {"threads", SAME, {NULL, NULL, NULL}, {"threads: 2\n" WHERE, NULL, NULL}, NULL},
    {"batch_tokens", SAME, SETTINGS("batch_tokens: 20\n")},
    {"tables_by", SAME, SETTINGS("tables_by: input\n")},
    {"strict", SAME, SETTINGS("strict: true\n")},
    {"statistics", SAME, SETTINGS("statistics: false\n")},
    {"require_provenance", SAME, SETTINGS("require_provenance: true\n")},
    {"verify", AGAIN, SETTINGS("verify: false\n")},
    {"pool", SAME, {NULL, NULL, NULL}, {"pool: @/pool2\n" BASE, NULL, NULL}, link_pool},
    {"base", SAME, NOPOOL, {"base: @/base2\n" OUT, NULL, NULL}, link_base},
    {"max_target", SAME, {NULL, SAY, NULL}, {"max_target: 9\n" POOL, NULL, NULL}, NULL},
    /* The task. */
    {"valid", SAME, TASK(WHO, WHO ", valid: @/say.jsonl")},
    {"name", AGAIN, TASK(WHO, "name: u, " FILE_ ", limit: 2")},
    {"group", SAME, TASK(WHO, WHO ", group: other")},
    {"expert", SAME, TASK(WHO, WHO ", expert: deep")},
    {"file",
     SAME,
     {NULL, NULL, NULL},
     {NULL, "name: t, file: @/copy.jsonl, limit: 2", NULL},
     copy_items},
    {"the text of the items", AGAIN, CHANGE(NULL, change_items)},
    {"format", AGAIN,
     TASK("name: t, file: @/both.json, kind: generation",
          "name: t, file: @/both.json, kind: generation, format: bbh")},
    {"kind", AGAIN,
     TASK(WHO ", metrics: exact_match", WHO ", metrics: exact_match, kind: generation")},
    {"metrics", AGAIN, TASK(WHO, WHO ", metrics: exact_match")},
    {"instruction", AGAIN, TASK(WHO, WHO ", instruction: Say who.")},
    {"limit", AGAIN, TASK("name: t, " FILE_ ", limit: 3", WHO)},
    {"limit", SAME, TASK("name: t, " FILE_ ", limit: 3", "name: t, " FILE_)}, /* of three */
    {"max_output", AGAIN, TASK(SAY, WHO ", kind: generation, max_output: 4")},
    {"max_output", SAME, TASK(WHO, WHO ", max_output: 4")},
    {"beams", AGAIN, {NULL, SAY, "base"}, {NULL, BEAMS, NULL}, NULL},
    {"beams", SAME, TASK(WHO, WHO ", beams: 2")},
    {"length_penalty",
     AGAIN,
     {NULL, BEAMS, "base"},
     {NULL, BEAMS ", length_penalty: 0.5", NULL},
     NULL},
    {"length_penalty", SAME, TASK(SAY, SAY ", length_penalty: 0.5")},
    {"input_key", AGAIN, TASK(WHO, WHO ", input_key: question")},
    {"target_key", AGAIN, TASK(SAY, SAY ", target_key: answer")},
    {"choices_key", AGAIN, TASK(WHO, WHO ", choices_key: options")},
    {"label_key", AGAIN,
     TASK(WHO ", target_key: none", WHO ", target_key: none, label_key: right")},
    {"instruction_key", AGAIN, TASK(WHO, WHO ", instruction_key: order")},
    {"choices_from_targets", AGAIN, TASK(WHO, WHO ", choices_from_targets: true")},
    /* The method. */
    {"router", AGAIN, METHOD("name: m, router: phatgoose", "name: m, router: uniform")},
    {"expert", AGAIN, METHOD("name: m, expert: wide", "name: m, expert: deep")},
    {"only", AGAIN, METHOD(PART, GLIDER ", only: [wide, deep]")},
    {"top_k", AGAIN, METHOD(GLIDER, GLIDER ", top_k: 1")},
    {"top_p", AGAIN, METHOD(GLIDER, GLIDER ", top_p: 0.5")},
    {"seed", AGAIN, METHOD("name: m, router: random", "name: m, router: random, seed: 1")},
    {"seed", SAME, METHOD(GLIDER, GLIDER ", seed: 1")},
    {"global.over", AGAIN, METHOD(GLIDER, GLIDER ", global.over: arrow")},
    {"arrow.mode", AGAIN,
     METHOD(GLIDER ", global.over: arrow", GLIDER ", global.over: arrow, arrow.mode: glider")},
    {"arrow.mode", SAME, METHOD(GLIDER, GLIDER ", arrow.mode: glider")},
    {"global.rule", AGAIN, METHOD(GLIDER, STEP)},
    {"global.scale", AGAIN, METHOD(GLIDER, "name: m, router: glider, global.scale: 21")},
    {"global.scale", SAME, METHOD(STEP, STEP ", global.scale: 21")},
    {"global.gamma", AGAIN, METHOD(STEP, STEP ", global.gamma: 1")},
    {"global.beta", AGAIN, METHOD(STEP, STEP ", global.beta: 1")},
    {"global.threshold", AGAIN, METHOD(STEP, STEP ", global.threshold: 0.1")},
    {"global.threshold", SAME, METHOD(GLIDER, GLIDER ", global.threshold: 0.1")},
    {"global.drop_last", AGAIN, METHOD(GLIDER, GLIDER ", global.drop_last: true")},
    {"embedder", AGAIN, METHOD(GLIDER, GLIDER ", embedder: encoder")},
    {"embedder", SAME,
     METHOD("phatgoose", "name: phatgoose, router: phatgoose, embedder: encoder")},
    {"embedder.model", SAME, METHOD(SENTENCE, RETRIEVAL("model: ./" ENCODER))},
    {"embedder.model", AGAIN, METHOD(SENTENCE, RETRIEVAL("model: tests/golden/sentence/f16"))},
    {"embedder.prompt", SAME, METHOD(GLIDER, GLIDER ", embedder.prompt: query")},
    {"embedder.prefix", AGAIN, METHOD(SENTENCE, RETRIEVAL("prefix: the, model: " ENCODER))},
    {"embedder.dimensions", AGAIN, METHOD(SENTENCE, RETRIEVAL("dimensions: 8, model: " ENCODER))},
    {"endpoint.url", SAME, METHOD(GLIDER, GLIDER ", endpoint.url: 'http://127.0.0.1/'")},
    {"endpoint.model", SAME, METHOD(GLIDER, GLIDER ", endpoint.model: m")},
    {"endpoint.key_env", SAME, METHOD(GLIDER, GLIDER ", endpoint.key_env: KEY")},
    {"endpoint.share_inputs", SAME, METHOD(GLIDER, GLIDER ", endpoint.share_inputs: true")},
    {"query", AGAIN, METHOD(GLIDER, GLIDER ", query: input")},
    {"query", SAME, METHOD(KEYED, KEYED ", query: input")},
    {"query.url", AGAIN, METHOD(LLM, LLM_OF("url: 'http://127.0.0.2/'"))},
    {"query.url", SAME, METHOD(GLIDER, GLIDER ", query.url: 'http://127.0.0.1/'")},
    {"query.model", AGAIN,
     METHOD(LLM, GLIDER ", query: {kind: llm, cache: @/kept.jsonl, model: n, url: "
                        "'http://127.0.0.1:PORT/'}")},
    {"query.cache", SAME,
     METHOD(LLM, GLIDER ", query: {kind: llm, cache: @/other.jsonl, model: m, url: "
                        "'http://127.0.0.1:PORT/'}")},
    {"query.key_env", SAME, METHOD(LLM, LLM_AND("key_env: KEY"))},
    {"query.share_inputs", SAME, METHOD(LLM, LLM_AND("share_inputs: true"))},
    {"query.temperature", AGAIN, METHOD(LLM, LLM_AND("temperature: 0"))},
    {"query.max_tokens", AGAIN, METHOD(LLM, LLM_AND("max_tokens: 9"))},
    {"query.seed", AGAIN, METHOD(LLM, LLM_AND("seed: 9"))},
    {"query.template", AGAIN, METHOD(LLM, LLM_AND("template: @/items.jsonl"))},
    {"embeddings",
     SAME,
     {NULL, NULL, KEYED},
     {NULL, NULL, "name: m, router: retrieval, embedder: precomputed, embeddings: @/vectors2.json"},
     copy_vectors},
    {"the queries' vectors", AGAIN, CHANGE(KEYED, change_vectors)},
    {"arrow.mode", AGAIN,
     METHOD("name: m, router: arrow", "name: m, router: arrow, arrow.mode: glider")},
    {"activation.mode", AGAIN,
     METHOD(
         "name: m, router: average-activation, only: wide, top_k: 1",
         "name: m, router: average-activation, only: wide, top_k: 1, activation.mode: absolute")},
    {"retrieval.by", AGAIN,
     METHOD("name: m, router: retrieval", "name: m, router: retrieval, retrieval.by: example")},
    {"retrieval.k", AGAIN,
     METHOD("name: m, router: retrieval", "name: m, router: retrieval, retrieval.k: 2")},
    {"retrieval.mode", AGAIN, METHOD(NEAREST, NEAREST ", retrieval.mode: fusion")},
    {"retrieval.weights", AGAIN, METHOD(NEAREST, NEAREST ", retrieval.weights: softmax")},
    {"retrieval.tau", SAME, METHOD(NEAREST, NEAREST ", retrieval.tau: 2")},
    {"retrieval.tau", AGAIN,
     METHOD(NEAREST ", retrieval.weights: softmax",
            NEAREST ", retrieval.weights: softmax, retrieval.tau: 2")},
    {"logo.by", AGAIN, METHOD(LOGO, LOGO ", logo.by: entropy")},
    {"logo.probe", AGAIN, METHOD(LOGO, LOGO ", logo.probe: base")},
    {"logo.module", AGAIN,
     METHOD(LOGO, LOGO ", logo.module: encoder.block.0.layer.0.SelfAttention.q")},
    {"calibration", AGAIN,
     METHOD("name: m, router: arrow", "name: m, router: arrow, calibration: @/vectors.json")},
    {"calibration", SAME,
     METHOD("name: m, router: uniform", "name: m, router: uniform, calibration: @/vectors.json")},
    {"norm.weights", AGAIN,
     METHOD("name: m, router: norm", "name: m, router: norm, norm.weights: softmax")},
    {"norm.prefilter", AGAIN,
     METHOD("name: m, router: norm", "name: m, router: norm, norm.prefilter: 2")},
    {"norm.rank", AGAIN, METHOD("name: m, router: norm", "name: m, router: norm, norm.rank: 1")},
    {"norm.spectrum", AGAIN,
     METHOD("name: m, router: norm", "name: m, router: norm, norm.spectrum: false")},
    {"merge.method", AGAIN, METHOD("merged", MERGED("linear", ""))},
    {"merge.weights", AGAIN, METHOD("merged", MERGED("cat", "weights: 0.5"))},
    {"merge.density", AGAIN, METHOD(MERGED("ties", ""), MERGED("ties", "density: 0.5"))},
    {"merge.rank", AGAIN, METHOD(MERGED("ties", ""), MERGED("ties", "rank: 1"))},
    {"merge.seed", SAME, METHOD(MERGED("ties", ""), MERGED("ties", "seed: 1"))},
    {"merge.scope", AGAIN, METHOD(MERGED("ties", ""), MERGED("ties", "scope: expert"))},
    {"merge.compat", AGAIN, METHOD("merged", MERGED("cat", "compat: peft"))},
    /* The pool. */
    {"an adapter", AGAIN, CHANGE("name: m, expert: deep", change_adapter)},
    {"an adapter's configuration", AGAIN, CHANGE("name: m, expert: deep", change_adapter_config)},
    {"a gate", AGAIN, CHANGE("phatgoose", change_gate)},
    {"activations", AGAIN,
     CHANGE("name: m, router: average-activation, only: wide, top_k: 1", change_activation)},
    {"an adapter that is not asked", SAME, CHANGE("name: m, expert: some", change_adapter)},
    {"an adapter outside of `only`", SAME, CHANGE(PART, change_adapter)},
    {"the order of the experts", AGAIN, CHANGE("phatgoose", swap_experts)},
    {"an instruction", AGAIN, CHANGE(GLIDER, change_instruction)},
    {"an instruction outside of `only`", AGAIN, CHANGE(PART, change_instruction)},
    {"an instruction outside of `only`, encoded", SAME,
     CHANGE(PART ", embedder: encoder", change_instruction)},
    {"an instruction that is not read", SAME, CHANGE("phatgoose", change_instruction)},
    {"a licence", SAME, CHANGE(GLIDER, change_licence)},
    {"embeddings of the pool", AGAIN, CHANGE(KEYED, change_embeddings)},
    {"the name of embeddings of the pool", AGAIN, CHANGE(GLIDER, rename_embeddings)},
    {"embeddings of examples", AGAIN, CHANGE("name: m, router: retrieval", add_examples)},
    {"embeddings that are not read", SAME, CHANGE("phatgoose", change_embeddings)},
    /* The base. */
    {"weights", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_weights},
    {"config.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_config},
    {"spiece.model", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_pieces},
    {"tokenizer_config.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_sentinels},
    {"added_tokens.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_added_tokens},
    {"special_tokens_map.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_special_tokens},
};
const int IDENTITY_ROWS = sizeof IDENTITY_ROW / sizeof *IDENTITY_ROW;

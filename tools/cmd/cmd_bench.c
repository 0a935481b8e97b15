/* skein bench: how fast and how large a gate-training step is, on random weights (train) or on a
 * user's (gate); how fast items are answered (score, generate) and texts embedded (embed). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "autograd/kernel/kernels.h"
#include "tools/bench/bench_asked.h"
#include "tools/bench/bench_train.h"
#include "tools/cmd/commands.h"
#include "tools/predict/predict_options.h"
#include "tools/shell/arguments.h"
#include "tools/shell/console.h"

/* What --help shows of the defaults. */
#define SHAPE      "t5-v1_1-base"
#define THREADS    2
#define MAX_TOKENS 8192
#define STEPS      5
#define RANK       16
#define TEXT(x)    #x
#define SHOWN(x)   "[" TEXT(x) "]\n"

static const char usage[] =
    "skein bench: measure training and answering on this machine\n"
    "\n"
    "Examples:\n"
    "  skein bench train --shape t5-v1_1-base\n"
    "  skein bench train --shape t5-small --threads 1 --recompute\n"
    "  seq 5 | skein bench score --pool goose --router phatgoose --input rte.jsonl\n"
    "\n"
    "Usage: skein bench train [OPTION]...\n"
    "       skein bench gate [-c FILE] [-s KEY=VALUE]...      settings: skein help train\n"
    "       skein bench score|generate --input FILE ...      options: skein help score\n"
    "       skein bench embed --embedder DIR --input FILE [--key KEY] [--threads N]\n"
    "\n"
    "gate, score, generate and embed measure what is yours: the step of `skein train gate` on its\n"
    "first batch, the answers to the items of a file (64 at most), or the vectors that an encoder "
    "of\n"
    "sentences makes of a file's texts (of which sha256 tells). Every line of standard input asks\n"
    "for one repetition, which answers with one line of JSON: seconds, without opening files, and\n"
    "the results; peak_bytes is the most memory that was resident so far. The first one also\n"
    "touches memory for the first time.\n"
    "\n"
    "train measures random weights of a real shape:\n"
    "\n"
    "      --shape NAME     t5-small, t5-base, t5-v1_1-base, ...      [" SHAPE "]\n"
    "      --threads N      threads                                   " SHOWN(THREADS)
    "      --max-tokens N   tokens of the micro-batch                 " SHOWN(MAX_TOKENS)
    "      --steps N        steps; the median is shown                " SHOWN(STEPS)
    "      --rank N         rank of the expert on every linear        " SHOWN(RANK)
    "      --dtype TYPE     storage of the base: f32, bf16, f16       [f32]\n"
    "      --recompute      keep block inputs only\n"
    "      --bf16           products with the frozen base in bf16\n"
    "      --csv            one line of numbers with a header\n"
    "\n"
    "One step is one micro-batch: forward, backward and update of every gate. Lengths are those "
    "of\n"
    "P3 prompts (a built-in sample, 13 to 512 tokens), never padded. GFLOP/s count the work that\n"
    "the mathematics needs, a multiply-add as two: forward, the gradients of activations, the\n"
    "low-rank products; not what recomputation does twice. `share` is of a loop of nothing but\n"
    "multiply-adds on the same threads, measured in the same run before and after the steps.\n";

static Status parse_dtype(void *field, const char *text, Error *err) {
  Dtype *dtype = field;
  for (int d = DTYPE_F32; d <= DTYPE_BF16; d++) {
    *dtype = (Dtype)d;
    if (strcmp(text, dtype_name(*dtype)) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE, "--dtype: '%s' is not f32, f16 or bf16", text);
}

typedef struct BenchArguments {
  BenchSpec spec;
  bool bf16, csv;
} BenchArguments;

#define AT(field) offsetof(BenchArguments, field)
enum { COUNT_MOST = 1 << 24 };

static const Argument ROWS[] = {
    {"shape", .type = ARGUMENT_TEXT, .offset = AT(spec.shape), .value = "NAME"},
    {"threads", .type = ARGUMENT_COUNT, .offset = AT(spec.threads), .most = COUNT_MOST,
     .value = "N"},
    {"max-tokens", .type = ARGUMENT_COUNT, .offset = AT(spec.max_tokens), .most = COUNT_MOST,
     .value = "N"},
    {"steps", .type = ARGUMENT_COUNT, .offset = AT(spec.steps), .most = COUNT_MOST, .value = "N"},
    {"rank", .type = ARGUMENT_COUNT, .offset = AT(spec.rank), .most = COUNT_MOST, .value = "N"},
    {"dtype", .type = ARGUMENT_OTHER, .offset = AT(spec.dtype), .parse = parse_dtype,
     .value = "f32|bf16|f16"},
    {"recompute", .type = ARGUMENT_SWITCH, .offset = AT(spec.recompute)},
    {"bf16", .type = ARGUMENT_SWITCH, .offset = AT(bf16)},
    {"csv", .type = ARGUMENT_SWITCH, .offset = AT(csv)},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

static const char *const BENCHMARK[] = {"train", "gate", "score", "generate", "embed"};

static Status parse_arguments(BenchArguments *a, int argc, char **argv, Error *err) {
  *a = (BenchArguments){.spec = {.shape = SHAPE,
                                 .threads = THREADS,
                                 .max_tokens = MAX_TOKENS,
                                 .steps = STEPS,
                                 .rank = RANK,
                                 .dtype = DTYPE_F32}};
  TRY(arguments_read(&ARGUMENTS, 0, a, NULL, argc, argv, err));
  a->spec.precision = a->bf16 ? PRECISION_BF16 : PRECISION_F32;
  TRY(command_operands(argc, argv, 1, 1, "train, gate, score, generate or embed", err));
  if (strcmp(argv[optind], "train") == 0) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "bench: unknown benchmark '%s'; it is train, gate, score, generate or embed%s", argv[optind],
      nearest_hint(argv[optind], BENCHMARK, sizeof BENCHMARK / sizeof *BENCHMARK).text);
}

static void print_csv(const BenchSpec *s, const BenchResult *r) {
  puts(
      "kernels,shape,dtype,precision,threads,recompute,rank,input_tokens,target_tokens,fma_gflops,"
      "step_"
      "seconds,"
      "step_gflops,share,tokens_per_second,peak_bytes,weight_bytes");
  printf("%s,%s,%s,%s,%" PRId64 ",%d,%" PRId64 ",%" PRId64 ",%" PRId64
         ",%.1f,%.4f,%.1f,%.4f,%.1f,%.0f,%.0f\n",
         kernels_default()->name, s->shape, dtype_name(s->dtype),
         s->precision == PRECISION_BF16 ? "bf16" : "f32", s->threads, s->recompute, s->rank,
         r->input_tokens, r->target_tokens, r->fma_rate / 1e9, r->step_seconds,
         r->flops / r->step_seconds / 1e9, r->flops / r->step_seconds / r->fma_rate,
         (double)(r->input_tokens + r->target_tokens) / r->step_seconds, r->peak_bytes,
         r->weight_bytes);
}

static void print_table(const BenchSpec *s, const BenchResult *r) {
  char a[32], b[32], c[32];
  double rate = r->flops / r->step_seconds;
  printf("shape      %s, base in %s%s, rank %" PRId64 " on every linear, %" PRId64 " thread%s%s\n",
         s->shape, dtype_name(s->dtype), s->precision == PRECISION_BF16 ? ", products in bf16" : "",
         s->rank, s->threads, s->threads == 1 ? "" : "s", s->recompute ? ", recompute" : "");
  printf("step       %" PRId64 " input + %" PRId64 " target tokens in %.3f s (median of %" PRId64
         ")\n",
         r->input_tokens, r->target_tokens, r->step_seconds, s->steps);
  printf("processor  %.1f GFLOP/s of multiply-adds, kernels %s\n", r->fma_rate / 1e9,
         kernels_default()->name);
  printf("training   %.1f GFLOP/s, share %.1f %%\n", rate / 1e9, 100 * rate / r->fma_rate);
  printf(
      "speed      %s tokens/s\n",
      console_count(a, sizeof a, (double)(r->input_tokens + r->target_tokens) / r->step_seconds));
  printf("memory     peak %s: weights %s + %s\n", console_bytes(a, sizeof a, r->peak_bytes),
         console_bytes(b, sizeof b, r->weight_bytes),
         console_bytes(c, sizeof c, r->peak_bytes - r->weight_bytes));
}

static int run_bench(int argc, char **argv, Error *err) {
  if (argc > 1 && strcmp(argv[1], "gate") == 0) return bench_gate(argc - 1, argv + 1, err);
  if (argc > 1 && strcmp(argv[1], "score") == 0) return bench_score(argc - 1, argv + 1, err);
  if (argc > 1 && strcmp(argv[1], "generate") == 0) return bench_generate(argc - 1, argv + 1, err);
  if (argc > 1 && strcmp(argv[1], "embed") == 0) return bench_embed(argc - 1, argv + 1, err);
  BenchArguments a;
  BenchResult result;
  TRY(parse_arguments(&a, argc, argv, err));
  TRY(bench_train(&a.spec, &result, err));
  if (a.csv) {
    print_csv(&a.spec, &result);
  } else {
    print_table(&a.spec, &result);
  }
  return STATUS_OK;
}

static const CommandVerb VERBS[] = {
    {.name = "train"},
    {.name = "gate", .arguments = &bench_gate_arguments},
    {"score", PREDICT_SCORE, &predict_arguments, NULL},
    {"generate", PREDICT_GENERATE, &predict_arguments, NULL},
    {.name = "embed", .arguments = &bench_embed_arguments},
    {.name = NULL},
};

const Command command_bench = {
    .name = "bench",
    .summary = "measure training and answering on this machine",
    .usage = usage,
    .run = run_bench,
    .arguments = &ARGUMENTS,
    .verbs = VERBS,
};

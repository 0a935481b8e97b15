/* skein bench: how fast and how large a gate-training step is, on random weights (train) or on a
 * user's (gate); how fast items are answered (score, generate). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/kernel/kernels.h"
#include "tools/bench/bench_asked.h"
#include "tools/bench/bench_train.h"
#include "tools/cmd/commands.h"
#include "tools/shell/console.h"
#include "tools/shell/machine.h"

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
    "\n"
    "gate, score and generate measure what is yours: the step of `skein train gate` on its first\n"
    "batch, or the answers to the items of a file (64 at most). Every line of standard input asks\n"
    "for one repetition, which answers with one line of JSON: seconds, without opening files, and\n"
    "the results; peak_bytes is the most memory that was resident so far. The first one also\n"
    "touches memory for the first time.\n"
    "\n"
    "train measures random weights of a real shape:\n"
    "\n"
    "      --shape NAME     t5-small, t5-base, t5-v1_1-base, ...      [t5-v1_1-base]\n"
    "      --threads N      threads                                   [2]\n"
    "      --max-tokens N   tokens of the micro-batch                 [8192]\n"
    "      --steps N        steps; the median is shown                [5]\n"
    "      --rank N         rank of the expert on every linear        [16]\n"
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

static Status parse_count(const char *text, const char *name, int64_t *value, Error *err) {
  char *end;
  long long parsed = strtoll(text, &end, 10);
  if (end == text || *end || parsed < 1 || parsed > 1 << 24) {
    return error_set(err, STATUS_USAGE, "--%s: '%s' is not a count from 1 to 16777216", name, text);
  }
  *value = parsed;
  return STATUS_OK;
}

static Status parse_dtype(const char *text, Dtype *dtype, Error *err) {
  for (int d = DTYPE_F32; d <= DTYPE_BF16; d++) {
    *dtype = (Dtype)d;
    if (strcmp(text, dtype_name(*dtype)) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE, "--dtype: '%s' is not f32, f16 or bf16", text);
}

typedef struct BenchArguments {
  BenchSpec spec;
  bool csv;
} BenchArguments;

static Status parse_arguments(BenchArguments *a, int argc, char **argv, Error *err) {
  static const struct option LONGS[] = {{"shape", required_argument, NULL, 'S'},
                                        {"threads", required_argument, NULL, 'j'},
                                        {"max-tokens", required_argument, NULL, 't'},
                                        {"steps", required_argument, NULL, 'n'},
                                        {"rank", required_argument, NULL, 'r'},
                                        {"dtype", required_argument, NULL, 'd'},
                                        {"recompute", no_argument, NULL, 'R'},
                                        {"bf16", no_argument, NULL, 'b'},
                                        {"csv", no_argument, NULL, 'c'},
                                        {0}};
  *a = (BenchArguments){{"t5-v1_1-base", 2, 8192, 5, 16, DTYPE_F32, false, PRECISION_F32}, false};
  for (int option; (option = command_option(argc, argv, "", LONGS, err)) != -1;) {
    switch (option) {
      case 'S':
        a->spec.shape = optarg;
        break;
      case 'j':
        TRY(parse_count(optarg, "threads", &a->spec.threads, err));
        break;
      case 't':
        TRY(parse_count(optarg, "max-tokens", &a->spec.max_tokens, err));
        break;
      case 'n':
        TRY(parse_count(optarg, "steps", &a->spec.steps, err));
        break;
      case 'r':
        TRY(parse_count(optarg, "rank", &a->spec.rank, err));
        break;
      case 'd':
        TRY(parse_dtype(optarg, &a->spec.dtype, err));
        break;
      case 'R':
        a->spec.recompute = true;
        break;
      case 'b':
        a->spec.precision = PRECISION_BF16;
        break;
      case 'c':
        a->csv = true;
        break;
      default:
        return err->status;
    }
  }
  TRY(command_operands(argc, argv, 1, 1, "train", err));
  if (strcmp(argv[optind], "train") == 0) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "bench: unknown benchmark '%s'; it is train, gate, score or generate",
                   argv[optind]);
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

static int run(int argc, char **argv, Error *err) {
  if (argc > 1 && strcmp(argv[1], "gate") == 0) return bench_gate(argc - 1, argv + 1, err);
  if (argc > 1 && strcmp(argv[1], "score") == 0) return bench_score(argc - 1, argv + 1, err);
  if (argc > 1 && strcmp(argv[1], "generate") == 0) return bench_generate(argc - 1, argv + 1, err);
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

const Command command_bench = {
    .name = "bench",
    .summary = "measure training and answering on this machine",
    .usage = usage,
    .run = run,
};

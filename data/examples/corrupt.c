/* Raw text as input -> target: span corruption, and denoising of the target. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/rng.h"
#include "data/examples/examples_internal.h"

/* Tokens of a line; the first `split` are its input, the others what target denoising removes. */
typedef struct Tokens {
  int32_t *ids;
  int64_t count, split;
} Tokens;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a corrupted example");
}

/* ---- the tokens of a line ---- */

static Status append_text(Tokens *t, const Tokenizer *tokenizer, const char *text, Error *err) {
  int32_t *ids = NULL;
  int64_t count = 0;
  TRY(tokenizer_encode(tokenizer, text, strlen(text), &ids, &count, err));
  int32_t *grown = realloc(t->ids, (size_t)(t->count + count + 1) * sizeof *grown);
  if (grown) {
    t->ids = grown;
    if (count) memcpy(grown + t->count, ids, (size_t)count * sizeof *ids);
    t->count += count;
  }
  free(ids);
  return grown ? STATUS_OK : no_memory(err);
}

/* Raw text is split anywhere but at its very ends. */
static int64_t random_split(int64_t count, Rng *rng) {
  return count < 2 ? 0 : 1 + (int64_t)rng_below(rng, (uint64_t)count - 1);
}

static Status line_tokens(const ExampleSet *set, int64_t i, Rng *rng, Tokens *t, Error *err) {
  ExampleText text;
  *t = (Tokens){0};
  const Jsonl *lines = examples_lines(set, &i);
  TRY(example_line_read(lines, &set->keys, NULL, i, &text, err));
  Status status = append_text(t, set->tokenizer, text.text ? text.text : text.input, err);
  t->split = t->count;
  if (status == STATUS_OK && text.target) status = append_text(t, set->tokenizer, text.target, err);
  if (text.text) t->split = random_split(t->count, rng);
  json_free(&text.doc);
  return status;
}

/* ---- output under construction ---- */

static Status reserve_ids(Example *e, int64_t input, int64_t target, Error *err) {
  *e = (Example){.input = malloc((size_t)input * sizeof *e->input),
                 .target = malloc((size_t)target * sizeof *e->target)};
  return e->input && e->target ? STATUS_OK : no_memory(err);
}

static void put_input(Example *e, int32_t id) {
  e->input[e->input_len++] = id;
}

static void put_target(Example *e, int32_t id) {
  e->target[e->target_len++] = id;
}

static void put_ends(const ExampleSet *set, Example *e) {
  put_input(e, tokenizer_eos(set->tokenizer));
  put_target(e, tokenizer_eos(set->tokenizer));
}

/* INPUT <extra_id_0>  ->  <extra_id_0> TARGET, each cut to fit with EOS. */
static Status denoise_target(const ExampleSet *set, const Tokens *t, Example *e, Error *err) {
  TRY(reserve_ids(e, t->split + 2, t->count - t->split + 2, err));
  int32_t sentinel = tokenizer_sentinel(set->tokenizer, 0);
  int64_t input = min64(t->split, set->max_input - 2);
  int64_t target = min64(t->count - t->split, set->max_target - 2);
  for (int64_t i = 0; i < input; i++) put_input(e, t->ids[i]);
  put_input(e, sentinel);
  put_target(e, sentinel);
  for (int64_t i = 0; i < target; i++) put_target(e, t->ids[t->split + i]);
  put_ends(set, e);
  return STATUS_OK;
}

/* ---- span corruption ---- */

typedef struct Spans {
  int64_t tokens, noise, count; /* `noise` of `tokens` tokens lie in `count` spans */
} Spans;

/* tokens >= 2, sentinels >= 1; so every number is at least 1. */
static Spans plan_spans(int64_t tokens, const Corruption *how, int64_t sentinels) {
  int64_t noise = min64(max64(llrint((double)tokens * how->rate), 1), tokens - 1);
  int64_t most = min64(min64(noise, tokens - noise), sentinels);
  int64_t count = min64(max64(llrint((double)noise / how->mean_span), 1), most);
  return (Spans){tokens, noise, count};
}

/* The longest beginning of the line whose corrupted form, with a sentinel a span and EOS, fits both
 * maximum lengths; two tokens always do. */
static Spans fit_spans(const ExampleSet *set, int64_t tokens, const Corruption *how) {
  int64_t sentinels = 1;
  while (tokenizer_sentinel(set->tokenizer, (int)sentinels) >= 0) sentinels++;
  Spans s = plan_spans(min64(tokens, set->max_input + set->max_target), how, sentinels);
  while (s.tokens > 2 && (s.tokens - s.noise + s.count + 1 > set->max_input ||
                          s.noise + s.count + 1 > set->max_target)) {
    s = plan_spans(s.tokens - 1, how, sentinels);
  }
  return s;
}

/* The next part of a random cut of `*total` into `*parts` positive parts, all cuts equally likely
 * (selection sampling, Knuth, The Art of Computer Programming, 3.4.2 S). */
static int64_t next_part(int64_t *total, int64_t *parts, Rng *rng) {
  int64_t part = 1;
  if (*parts == 1) part = *total;
  /* A cut after `part` tokens: one of the parts - 1 cuts among the total - part places left. */
  while (*parts > 1 && rng_below(rng, (uint64_t)(*total - part)) >= (uint64_t)(*parts - 1)) part++;
  *total -= part;
  --*parts;
  return part;
}

/* Kept and noise spans alternate, a kept one first. */
static Status corrupt_spans(const ExampleSet *set, const Tokens *t, const Corruption *how, Rng *rng,
                            Example *e, Error *err) {
  Spans s = fit_spans(set, t->count, how);
  TRY(reserve_ids(e, s.tokens - s.noise + s.count + 1, s.noise + s.count + 1, err));
  int64_t kept = s.tokens - s.noise, noise = s.noise, kept_parts = s.count, noise_parts = s.count;
  int64_t at = 0;
  for (int k = 0; k < s.count; k++) {
    int32_t sentinel = tokenizer_sentinel(set->tokenizer, k);
    for (int64_t end = at + next_part(&kept, &kept_parts, rng); at < end; at++) {
      put_input(e, t->ids[at]);
    }
    put_input(e, sentinel);
    put_target(e, sentinel);
    for (int64_t end = at + next_part(&noise, &noise_parts, rng); at < end; at++) {
      put_target(e, t->ids[at]);
    }
  }
  put_ends(set, e);
  return STATUS_OK;
}

static Status check_set(const ExampleSet *set, Error *err) {
  const char *path = jsonl_path(set->lines[0]);
  if (tokenizer_sentinel(set->tokenizer, 0) < 0) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: corruption needs a tokenizer with sentinels (<extra_id_0>, ...)", path);
  }
  if (set->max_input < 3 || set->max_target < 3) {
    return error_set(err, STATUS_USAGE, "%s: corruption needs maximum lengths of at least 3 tokens",
                     path);
  }
  return STATUS_OK;
}

Status examples_get_corrupted(const ExampleSet *set, int64_t i, int64_t epoch,
                              const Corruption *how, Example *out, Error *err) {
  enum { PURPOSE_NOISE = 2 };
  Rng rng = {.key = rng_key(how->seed, (uint64_t)epoch, (uint64_t)i, PURPOSE_NOISE)};
  Tokens t = {0};
  *out = (Example){0};
  TRY(check_set(set, err));
  Status status = line_tokens(set, i, &rng, &t, err);
  if (status == STATUS_OK) {
    bool target = t.count < 2 || rng_uniform(&rng) < how->target_rate;
    status =
        target ? denoise_target(set, &t, out, err) : corrupt_spans(set, &t, how, &rng, out, err);
  }
  free(t.ids);
  if (status != STATUS_OK) example_free(out);
  return status;
}

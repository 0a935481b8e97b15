#include "data/examples/batch.h"

#include <stdlib.h>
#include <string.h>

#include "data/examples/sequence.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a batch");
}

/* ---- packing ---- */

/* Sequences of the target of an example. */
static int64_t targets_of(const Example *e) {
  return e->choice ? e->choices : 1;
}

typedef struct Drawn {
  Example example;
  int64_t index, tokens; /* place in the batch; input, once a choice, + target */
  int64_t bin;           /* micro-batch it goes to */
} Drawn;

static int longest_first(const void *a, const void *b) {
  const Drawn *x = a, *y = b;
  if (x->tokens != y->tokens) return x->tokens > y->tokens ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

static int by_bin(const void *a, const void *b) {
  const Drawn *x = a, *y = b;
  if (x->bin != y->bin) return x->bin < y->bin ? -1 : 1;
  return longest_first(a, b);
}

/* Room left in each bin as a heap-shaped tree: node k holds the most that a bin below it has left,
 * so the first bin with enough room is found from the root down. Leaves begin at `leaves`. */
typedef struct Bins {
  int64_t *room;
  int64_t leaves, used;
} Bins;

static void set_room(Bins *b, int64_t bin, int64_t room) {
  int64_t k = b->leaves + bin;
  b->room[k] = room;
  while (k > 1) {
    k /= 2;
    int64_t left = b->room[2 * k], right = b->room[2 * k + 1];
    b->room[k] = left > right ? left : right;
  }
}

static int64_t first_fit(Bins *b, int64_t tokens, int64_t max_tokens) {
  if (b->room[1] < tokens) { /* none fits: a new bin, which an over-long example has for itself */
    set_room(b, b->used, tokens > max_tokens ? 0 : max_tokens - tokens);
    return b->used++;
  }
  int64_t k = 1;
  while (k < b->leaves) k = b->room[2 * k] >= tokens ? 2 * k : 2 * k + 1;
  set_room(b, k - b->leaves, b->room[k] - tokens);
  return k - b->leaves;
}

/* Gives every example its bin; they end ordered by bin. */
static Status pack_examples(Drawn *drawn, int64_t n, int64_t max_tokens, int64_t *bins,
                            Error *err) {
  Bins b = {.leaves = 1};
  while (b.leaves < n) b.leaves *= 2;
  if (b.leaves == 1) b.leaves = 2;
  b.room = calloc(2 * (size_t)b.leaves, sizeof *b.room);
  if (!b.room) return no_memory(err);
  qsort(drawn, (size_t)n, sizeof *drawn, longest_first);
  for (int64_t i = 0; i < n; i++) drawn[i].bin = first_fit(&b, drawn[i].tokens, max_tokens);
  qsort(drawn, (size_t)n, sizeof *drawn, by_bin);
  *bins = b.used;
  free(b.room);
  return STATUS_OK;
}

/* ---- micro-batches ---- */

static void append_ids(int32_t *to, int64_t at, const int32_t *from, int64_t n) {
  memcpy(to + at, from, (size_t)n * sizeof *to);
}

static void micro_free(MicroBatch *m) {
  free(m->input_ids);
  free(m->decoder_ids);
  free(m->target_ids);
  free((int64_t *)m->input.offset);
  free((int64_t *)m->target.offset);
  free((int64_t *)m->choice.offset);
  free(m->right);
  free(m->place);
}

static int64_t target_end(const Example *e, int64_t target) {
  return e->choice ? e->choice[target + 1] : e->target_len;
}

/* The offsets of the inputs and of their targets. */
static Status make_offsets(MicroBatch *m, const Drawn *drawn, int64_t n, Error *err) {
  int64_t targets = 0, at = 0, first = 0;
  for (int64_t i = 0; i < n; i++) targets += targets_of(&drawn[i].example);
  int64_t *input = calloc((size_t)n + 1, sizeof *input);
  int64_t *target = calloc((size_t)targets + 1, sizeof *target);
  m->input = (Ragged){n, input};
  m->target = (Ragged){targets, target};
  if (!input || !target) return no_memory(err);
  for (int64_t i = 0; i < n; i++) {
    const Example *e = &drawn[i].example;
    input[i + 1] = input[i] + e->input_len;
    for (int64_t k = 0; k < targets_of(e); k++) target[++at] = first + target_end(e, k);
    first += e->target_len;
  }
  return STATUS_OK;
}

/* Which targets are the choices of which input; nothing where there are none. */
static Status make_choices(MicroBatch *m, const Drawn *drawn, int64_t n, Error *err) {
  if (!drawn->example.choice) return STATUS_OK;
  int64_t *choice = calloc((size_t)n + 1, sizeof *choice);
  m->choice = (Ragged){n, choice};
  m->right = calloc((size_t)n + 1, sizeof *m->right);
  if (!choice || !m->right) return no_memory(err);
  for (int64_t i = 0; i < n; i++) {
    choice[i + 1] = choice[i] + drawn[i].example.choices;
    m->right[i] = choice[i] + drawn[i].example.right;
  }
  return STATUS_OK;
}

static void append_target(MicroBatch *m, int64_t target, const int32_t *ids, int32_t start) {
  int64_t at = m->target.offset[target], n = ragged_length(m->target, target);
  append_ids(m->target_ids, at, ids, n);
  sequence_shift_right(ids, n, start, m->decoder_ids + at);
}

static Status fill_ids(MicroBatch *m, const Drawn *drawn, int64_t n, int32_t start, Error *err) {
  m->input_ids = malloc((size_t)m->input.offset[n] * sizeof(int32_t));
  m->decoder_ids = malloc((size_t)m->target.offset[m->target.count] * sizeof(int32_t));
  m->target_ids = malloc((size_t)m->target.offset[m->target.count] * sizeof(int32_t));
  if (!m->input_ids || !m->decoder_ids || !m->target_ids) return no_memory(err);
  for (int64_t i = 0, target = 0; i < n; i++) {
    const Example *e = &drawn[i].example;
    append_ids(m->input_ids, m->input.offset[i], e->input, e->input_len);
    for (int64_t k = 0, begin = 0; k < targets_of(e); begin = target_end(e, k++))
      append_target(m, target++, e->target + begin, start);
  }
  return STATUS_OK;
}

static Status note_places(MicroBatch *m, const Drawn *drawn, int64_t n, Error *err) {
  m->place = calloc((size_t)n, sizeof *m->place);
  if (!m->place) return no_memory(err);
  for (int64_t i = 0; i < n; i++) m->place[i] = drawn[i].index;
  return STATUS_OK;
}

static Status micro_make(MicroBatch *m, const Drawn *drawn, int64_t n, int32_t start, Error *err) {
  *m = (MicroBatch){0};
  TRY(note_places(m, drawn, n, err));
  TRY(make_offsets(m, drawn, n, err));
  TRY(make_choices(m, drawn, n, err));
  return fill_ids(m, drawn, n, start, err);
}

static Status cut_batch(Batch *b, const Drawn *drawn, int64_t n, int64_t bins, int32_t start,
                        Error *err) {
  b->micro = calloc((size_t)bins, sizeof *b->micro);
  if (!b->micro) return no_memory(err);
  for (int64_t first = 0, end; first < n; first = end) {
    for (end = first + 1; end < n && drawn[end].bin == drawn[first].bin;) end++;
    TRY(micro_make(&b->micro[b->count++], drawn + first, end - first, start, err));
  }
  return STATUS_OK;
}

void batch_free(Batch *b) {
  for (int64_t i = 0; i < b->count; i++) micro_free(&b->micro[i]);
  free(b->micro);
  *b = (Batch){0};
}

/* ---- batches ---- */

static Status get_example(const ExampleSet *set, const BatchSpec *spec, MixturePlace place,
                          Drawn *drawn, Error *err) {
  TRY(spec->corruption ? examples_get_corrupted(set, place.index, place.round, spec->corruption,
                                                &drawn->example, err)
                       : examples_get(set, place.index, &drawn->example, err));
  drawn->tokens =
      targets_of(&drawn->example) * drawn->example.input_len + drawn->example.target_len;
  return STATUS_OK;
}

static void count_example(Batch *b, const Example *e) {
  b->input_tokens += e->input_len;
  b->target_tokens += e->target_len;
  for (int64_t k = 0; e->choice && k < e->choices; k++) {
    int64_t tokens = e->choice[k + 1] - e->choice[k];
    b->choices++;
    if (k == e->right) b->right_tokens += tokens;
    if (tokens > b->longest_choice) b->longest_choice = tokens;
  }
}

/* The batch of drawn[0, n), whose examples stay the caller's. */
static Status assemble_batch(Drawn *drawn, int64_t n, const BatchSpec *spec, Batch *out,
                             Error *err) {
  int64_t bins = 0;
  TRY(pack_examples(drawn, n, spec->max_tokens, &bins, err));
  out->examples = n;
  for (int64_t i = 0; i < n; i++) count_example(out, &drawn[i].example);
  return cut_batch(out, drawn, n, bins, spec->decoder_start, err);
}

static Status make_batch(const ExampleSet *set, const BatchSpec *spec, int64_t first, int64_t n,
                         bool stream, Batch *out, Error *err) {
  *out = (Batch){0};
  const Mixture *mixture = examples_mixture(set);
  Drawn *drawn = calloc((size_t)n, sizeof *drawn);
  if (!drawn) return no_memory(err);
  Status status = STATUS_OK;
  for (int64_t i = 0; i < n && status == STATUS_OK; i++) {
    MixturePlace place = {0, first + i};
    if (stream) place = mixture_place(mixture, spec->seed, spec->shuffle, first + i);
    drawn[i].index = i;
    status = get_example(set, spec, place, &drawn[i], err);
  }
  if (status == STATUS_OK) status = assemble_batch(drawn, n, spec, out, err);
  for (int64_t i = 0; i < n; i++) example_free(&drawn[i].example);
  free(drawn);
  if (status != STATUS_OK) batch_free(out);
  return status;
}

Status batch_make(const ExampleSet *set, const BatchSpec *spec, int64_t step, Batch *out,
                  Error *err) {
  return make_batch(set, spec, step * spec->batch_size, spec->batch_size, true, out, err);
}

Status batch_make_range(const ExampleSet *set, const BatchSpec *spec, int64_t first, int64_t n,
                        Batch *out, Error *err) {
  int64_t left = examples_count(set) - first;
  if (left < 0) left = 0;
  return make_batch(set, spec, first, n < left ? n : left, false, out, err);
}

/* Choices: several targets of one input, whose states each of them reads. */
#include "data/examples/batch.h"
#include "infer/t5/t5.h"

/* Which rows of the encoder each choice reads, and where its own are among them. */
typedef struct Repeats {
  int32_t *row; /* [rows of all choices] */
  Ragged input; /* a sequence a choice */
} Repeats;

static int64_t repeated_rows(const MicroBatch *m) {
  int64_t rows = 0;
  for (int64_t i = 0; i < m->input.count; i++)
    rows += ragged_length(m->choice, i) * ragged_length(m->input, i);
  return rows;
}

/* In the arena, where backward finds it; false where the context failed. */
static bool repeat_inputs(Context *c, const MicroBatch *m, Repeats *r) {
  int64_t *offset = context_alloc(c, (size_t)(m->target.count + 1) * sizeof *offset), at = 0;
  r->row = context_alloc(c, (size_t)repeated_rows(m) * sizeof *r->row);
  r->input = (Ragged){m->target.count, offset};
  if (context_failed(c)) return false;
  offset[0] = 0;
  for (int64_t i = 0; i < m->input.count; i++) {
    for (int64_t k = m->choice.offset[i]; k < m->choice.offset[i + 1]; k++) {
      for (int64_t t = m->input.offset[i]; t < m->input.offset[i + 1]; t++)
        r->row[at++] = (int32_t)t;
      offset[k + 1] = at;
    }
  }
  return true;
}

Tensor *t5_choice_nll(Context *c, const T5Run *run, const MicroBatch *m) {
  Repeats r;
  Tensor *encoded = t5_encode(c, run, m->input_ids, m->input);
  if (!encoded || !repeat_inputs(c, m, &r)) return NULL;
  Tensor *repeated = op_embedding(c, encoded, r.row, r.input.offset[r.input.count]);
  Tensor *decoded = t5_decode(c, run, repeated, r.input, m->decoder_ids, (Rows){m->target, NULL});
  return op_token_nll(c, decoded, run->model->head, run->model->head_scale, m->target_ids);
}

/* ops: the differentiable operations.
 *
 * The room autograd/op owns every operation that can be recorded, each with its backward, and is
 * all that models are made of. It knows no model, no layer and no file.
 *
 * Shapes are [rows, cols]; T is the number of tokens.
 * In each op_*.c the forward stands above its backward. Gradients are written dx.
 * Every operation returns NULL when the context has failed (see tensor.h). */
#ifndef SKEIN_OPS_H
#define SKEIN_OPS_H

#include "autograd/kernel/kernels.h"
#include "autograd/op/adapter.h"
#include "autograd/op/attention_cache.h"
#include "autograd/tape.h"

/* y = x W^T, and what the adapter makes of it (adapter.h)
 * x [T, d_in], W [d_out, d_in] of any dtype (f32 if it needs a gradient), y [T, d_out].
 *   dx = dy W     dW = dy^T x     (of a bias) db = sum_t dy_t
 * `adapter` NULL: the plain linear. The adapter is copied; its tensors must outlive the tape. */
Tensor *op_linear(Context *c, Tensor *x, Tensor *w, const Adapter *adapter);

/* Several linears of the same x in one go: y[i] = op_linear(c, x, linear[i].w, linear[i].adapter).
 */
enum { LINEAR_MAX = 6 };
typedef struct LinearOperands {
  Tensor *w;
  const Adapter *adapter; /* or NULL */
  Tensor *bias;           /* [1, d_out] of any dtype, which W x begins with; or NULL */
} LinearOperands;
void op_linear_all(Context *c, Tensor *x, const LinearOperands *linear, int n, Tensor **y);

/* y_t = u_t * (1 + s_t (l - 1)),  s_t = sigma(x_t . v), 1 without a gate
 * u, y [T, d], l [1, d] f32, x [T, d_in] (which may be u), v [1, d_in] f32
 *   du = dy * (1 + s (l - 1))     dl = sum_t s_t dy_t * u_t
 *   dv = sum_t e_t x_t            dx = e v,   e_t = s_t (1 - s_t) <dy_t * u_t, l - 1>
 * The gate's vector must outlive the tape. */
Tensor *op_rescale(Context *c, Tensor *u, Tensor *l, Tensor *x, const SigmoidGate *gate);

/* out_t = y_t + sum_{e in E_t} w_te D_te,   D_te = scale_e B_e A_e x_t,
 * with E_t the m->top_k experts of the largest z_te among those that have factors (of equal ones the
 * lowest index), and w_te = e^z_te / sum_{f in E_t} e^z_tf (Muqeeth et al. 2024, section 3)
 * y, out [T, d_out], x [T, d_in], z [T, experts]; the factors are frozen, and E_t is a constant:
 *   dy = dout     dx_t = sum_e w_te scale_e A_e^T B_e^T dout_t
 *   dz_te = w_te (dw_te - sum_f w_tf dw_tf),   dw_te = <dout_t, D_te>
 * `m` must outlive the tape. */
Tensor *op_routed(Context *c, Tensor *y, Tensor *x, Tensor *z, const Routed *m);

/* y_t = w * x_t / sqrt(mean(x_t^2) + eps)      x, y [T, d]; w [1, d] of any dtype */
Tensor *op_rms_norm(Context *c, Tensor *x, Tensor *w, float eps);

/* y_t = w * (x_t - mean(x_t)) / sqrt(mean((x_t - mean(x_t))^2) + eps) + b
 * x, y [T, d]; w, b [1, d] of any dtype (Ba et al. 2016, arXiv 1607.06450). */
Tensor *op_layer_norm(Context *c, Tensor *x, Tensor *w, Tensor *b, float eps);

/* y = s x                                      [T, d] each */
Tensor *op_scale(Context *c, Tensor *x, float s);

/* Rotary positions (Su et al. 2021, arXiv 2104.09864), halves against halves: of each head's
 * columns i < dk/2, with the angle a = p base^(-2i / dk) of a row that is the p-th of its sequence
 * (from 0),
 *   y_i = x_i cos a - x_{i + dk/2} sin a     y_{i + dk/2} = x_{i + dk/2} cos a + x_i sin a
 * x, y [T, heads * dk], dk even. The offsets must outlive the tape. */
Tensor *op_rotary(Context *c, Tensor *x, int heads, Ragged rows, float base);

/* y = a + b                                    [T, d] each */
Tensor *op_add(Context *c, Tensor *a, Tensor *b);

/* Activations, with the names that Hugging Face has for them (ACT2FN):
 *   RELU       max(x, 0)                                                  relu
 *   GELU_TANH  0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))            gelu_new
 *   GELU_ERF   0.5 x (1 + erf(x / sqrt 2))                                gelu
 *   SILU       x / (1 + e^-x)                                             silu
 *   SIGMOID    1 / (1 + e^-x)                                             sigmoid
 *   TANH       tanh(x)                                                    tanh
 * GELU: Hendrycks and Gimpel 2016, arXiv 1606.08415; gated ones: Shazeer 2020, arXiv 2002.05202. */

/* y = act(x)                                   [T, d] */
Tensor *op_act(Context *c, Act act, Tensor *x);

/* y = act(a) * b, elementwise                  [T, d] each */
Tensor *op_gated_act(Context *c, Act act, Tensor *a, Tensor *b);

/* y_t = table[ids[t]]     table [V, d] of any dtype (f32 if it needs a gradient), ids [n] in
 * [0, V) (asserted: the caller checks input), y [n, d]. `ids` must outlive the tape. */
Tensor *op_embedding(Context *c, Tensor *table, const int32_t *ids, int64_t n);

/* Attention of T5: no 1/sqrt(d) and a learnt bias per head and bucket of relative position. Query i
 * of a sequence stands at the key position p_i = i + (len_k - len_q): the last query at the last
 * key, as in cached decoding. */
typedef struct RowSpan {
  int64_t begin, count;
} RowSpan;

typedef struct AttentionSpec {
  int heads;
  Ragged q; /* sequences of the queries */
  Ragged k; /* sequences of keys and values; as many as in q */
  /* [q.count] or NULL. The rows of k and v that each sequence reads, in place of the sequences of
   * k: sequences may share rows, and rows may be unused. Not with a tape. With a cache: the
   * sequence of the cache (begin) and how many of its keys. */
  const RowSpan *k_span;
  bool causal; /* query i sees keys j <= p_i; one that sees none gives 0 */
  /* Of the bias, unused without one: see attention_bucket. */
  int buckets; /* rows of the bias table */
  int max_distance;
  bool bidirectional; /* how the bias buckets distances (encoder: true) */
} AttentionSpec;

/* y_i = sum_j softmax_j(q_i . k_j + bias[bucket(j - p_i), head]) v_j, per sequence and head
 * q [Tq, heads*dk], k, v [Tk, heads*dk], bias [buckets, heads] of any dtype or NULL, y [Tq,
 * heads*dk]. Works in blocks of query rows; keeps one log-sum-exp a row and head and recomputes the
 * probabilities in backward. The spec is copied; its offsets must outlive the tape. */
Tensor *op_attention(Context *c, Tensor *q, Tensor *k, Tensor *v, Tensor *bias,
                     const AttentionSpec *spec);

/* The same of what a cache keeps of k and v; without a tape. */
Tensor *op_attention_cached(Context *c, Tensor *q, const AttentionCache *cache, Tensor *bias,
                            const AttentionSpec *spec);

/* T5's bucket of a relative position (key position - query position); the formula of
 * Raffel et al. 2020 as in Hugging Face T5Attention._relative_position_bucket. Half of the buckets
 * of a direction hold one distance each, so there must be at least 2 a direction, and max_distance
 * must be above that half. */
int attention_bucket(int64_t relative, bool bidirectional, int buckets, int max_distance);

/* loss = weight * sum_t ( logsumexp(z_t) - z_t[target_t] ),  z = scale * h W^T
 * h [T, d], W [V, d] of any dtype (f32 if it needs a gradient), targets [T] in [0, V), loss [1, 1].
 * Holds at most a block of rows of z (about 32 MB, at least 16 rows). `nll` [T], if not NULL,
 * receives the unweighted terms. `targets` must outlive the tape. */
Tensor *op_cross_entropy(Context *c, Tensor *h, Tensor *w, float scale, const int32_t *targets,
                         float weight, float *nll);

/* The terms of that sum, each for itself: nll [T, 1] of the same operands. */
Tensor *op_token_nll(Context *c, Tensor *h, Tensor *w, float scale, const int32_t *targets);

/* The losses of T-Few (Liu et al. 2022, arXiv 2205.05638, section 3.2) on the negative
 * log-likelihoods n_t of the tokens of choices, of which one of each item is right. With the score
 * z_k = sum of n_t over a choice / its tokens^length_norm, and p_t = e^(-n_t)
 *
 *   loss = right sum over tokens of right choices of n_t
 *        + choice sum over items of ( z_right + log sum_k e^(-z_k) )
 *        - unlikely sum over tokens of the other choices of log(1 - p_t + UNLIKELY_EPS)
 *
 * The slope of n_t is `right` for a token of a right choice, unlikely p_t / (p_t - 1 - EPS) for one
 * of another, and for both choice ([k right] - softmax(-z)_k) / tokens^length_norm besides. */
#define UNLIKELY_EPS 1e-2
typedef struct ChoiceSpec {
  Ragged token;         /* the tokens of each choice */
  Ragged choice;        /* the choices of each item */
  const int64_t *right; /* [choice.count] the right one, an index of `token` */
  double right_weight, choice_weight, unlikely_weight, length_norm;
} ChoiceSpec;
/* nll [T, 1], loss [1, 1]; the spec is copied, what it points to must outlive the tape. */
Tensor *op_choice_loss(Context *c, Tensor *nll, const ChoiceSpec *spec);

/* y = body(c, arg), keeping none of the body's intermediates: the body runs without a tape and
 * its memory is released; backward runs it again, recorded, and goes through it. Without a tape
 * this is simply a scoped evaluation. The body must be a pure function of `arg` and the n `inputs`
 * (the operands whose gradients it needs), and must return a tensor of its own, shaped like
 * inputs[0]. `arg` must outlive the tape. Bits are the same as calling body(c, arg) directly. */
typedef Tensor *(*RecomputeBody)(Context *c, void *arg);
Tensor *op_recompute(Context *c, RecomputeBody body, void *arg, Tensor *const *inputs, int n);

#endif

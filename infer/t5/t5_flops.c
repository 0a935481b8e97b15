#include "infer/t5/t5.h"

double t5_forward_flops(const T5Config *c, int64_t tokens_in, int64_t tokens_out,
                        double mean_len_in, double mean_len_out) {
  double d = (double)c->d_model, inner = (double)t5_inner(c);
  double attention = 4 * d * inner;
  double feed_forward = (c->gated ? 3 : 2) * d * (double)c->d_ff;
  double head = 2 * d * (double)c->vocab_size;
  double encoder = 2 * (attention + feed_forward) + 4 * inner * mean_len_in;
  double decoder = 2 * (attention + 2 * d * inner + feed_forward) + 2 * inner * (mean_len_out + 1) +
                   4 * inner * mean_len_in;
  double cross_keys = 2 * 2 * d * inner;
  return (double)tokens_in * (c->encoder_layers * encoder + c->decoder_layers * cross_keys) +
         (double)tokens_out * (c->decoder_layers * decoder + head);
}

int64_t t5_weight_multiply_adds(const T5Config *c, int64_t tokens_in, int64_t tokens_out) {
  const int64_t d = c->d_model, side = d * t5_inner(c);
  const int64_t feed_forward = (c->gated ? 3 : 2) * d * c->d_ff;
  const int64_t encoder = c->encoder_layers * (4 * side + feed_forward);
  const int64_t cross_keys = c->decoder_layers * 2 * side;
  const int64_t decoder = c->decoder_layers * (6 * side + feed_forward) + d * c->vocab_size;
  return tokens_in * (encoder + cross_keys) + tokens_out * decoder;
}

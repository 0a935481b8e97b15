#include "infer/t5/t5_group.h"

#include <string.h>

enum { ENCODER_SELF, ENCODER_FF, DECODER_SELF, DECODER_CROSS, DECODER_FF };

const char *const T5_GROUP[T5_GROUPS] = {[ENCODER_SELF] = "encoder.self",
                                         [ENCODER_FF] = "encoder.ff",
                                         [DECODER_SELF] = "decoder.self",
                                         [DECODER_CROSS] = "decoder.cross",
                                         [DECODER_FF] = "decoder.ff"};

int t5_group_index(const char *name) {
  int encoder = strncmp(name, "encoder.", strlen("encoder.")) == 0;
  if (strstr(name, ".DenseReluDense.")) return encoder ? ENCODER_FF : DECODER_FF;
  if (strstr(name, ".EncDecAttention.")) return DECODER_CROSS;
  return encoder ? ENCODER_SELF : DECODER_SELF;
}

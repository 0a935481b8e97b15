/* peft_type: what kind of adapter an expert has; in PEFT's files peft_type. */
#ifndef SKEIN_PEFT_TYPE_H
#define SKEIN_PEFT_TYPE_H

typedef enum PeftType {
  PEFT_LORA, /* low-rank updates of weights (Hu et al. 2021, arXiv 2106.09685) */
  PEFT_IA3,  /* rescaled activations (Liu et al. 2022, arXiv 2205.05638) */
} PeftType;
enum { PEFT_TYPES = PEFT_IA3 + 1 };

/* "lora", "ia3": in manifests and tables. */
const char *peft_type_name(PeftType kind);
/* "LoRA", "(IA)3": in messages. */
const char *peft_type_title(PeftType kind);

#endif

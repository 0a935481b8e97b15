/* expert_kind: what kind of adapter an expert is. */
#ifndef SKEIN_EXPERT_KIND_H
#define SKEIN_EXPERT_KIND_H

typedef enum ExpertKind {
  EXPERT_LORA, /* low-rank updates of weights (Hu et al. 2021, arXiv 2106.09685) */
  EXPERT_IA3,  /* rescaled activations (Liu et al. 2022, arXiv 2205.05638) */
} ExpertKind;
enum { EXPERT_KINDS = EXPERT_IA3 + 1 };

/* "lora", "ia3": in manifests and tables. */
const char *expert_kind_name(ExpertKind kind);
/* "LoRA", "(IA)3": in messages. */
const char *expert_kind_title(ExpertKind kind);

#endif

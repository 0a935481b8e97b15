#include "infer/expert/expert_kind.h"

static const struct {
  const char *name, *title;
} KIND[EXPERT_KINDS] = {
    [EXPERT_LORA] = {"lora", "LoRA"},
    [EXPERT_IA3] = {"ia3", "(IA)3"},
};

const char *expert_kind_name(ExpertKind kind) {
  return KIND[kind].name;
}

const char *expert_kind_title(ExpertKind kind) {
  return KIND[kind].title;
}

#include "infer/adapter/peft_type.h"

static const struct {
  const char *name, *title;
} KIND[PEFT_TYPES] = {
    [PEFT_LORA] = {"lora", "LoRA"},
    [PEFT_IA3] = {"ia3", "(IA)3"},
};

const char *peft_type_name(PeftType kind) {
  return KIND[kind].name;
}

const char *peft_type_title(PeftType kind) {
  return KIND[kind].title;
}

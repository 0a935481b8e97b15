#include "infer/expert/released_key.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "base_model.model."

/* What a name ends in after that of its linear; '#' stands for a number at the end. */
static const struct {
  const char *text;
  ReleasedPart part;
  bool transposed;
} ENDING[] = {
    {"._addons.expert_lora.layer1__#", RELEASED_A, true},
    {"._addons.expert_lora.layer2__#", RELEASED_B, true},
    {"._addons.router.expert_embeddings__#", RELEASED_GATE, false},
    {"._addons.expert_lora.expert_input_gate", RELEASED_INPUT_GATE, false},
    {".expert_lora_a", RELEASED_A, false},
    {".expert_lora_b", RELEASED_B, false},
    {".lora_A.default.weight", RELEASED_A, false},
    {".lora_B.default.weight", RELEASED_B, false},
    {".lora_A.weight", RELEASED_A, false},
    {".lora_B.weight", RELEASED_B, false},
    {".lora_gate.default", RELEASED_GATE, false},
    {".lora_gate.default.weight", RELEASED_GATE, false},
    {".lora_gate", RELEASED_GATE, false},
    {".gate", RELEASED_GATE, false},
};

static bool is_left_over(const char *name) {
  return strcmp(name, "encoder.embed_tokens.weight") == 0 ||
         strcmp(name, "decoder.embed_tokens.weight") == 0;
}

/* The number that ends a name, as it would be printed, below 1e9; -1: there is none. Its digits
 * begin at *size, where the name then ends. */
static int64_t ending_number(const char *name, size_t *size) {
  size_t begin = *size;
  while (begin > 0 && strchr("0123456789", name[begin - 1])) begin--;
  size_t digits = *size - begin;
  if (digits == 0 || digits > 9 || (digits > 1 && name[begin] == '0')) return -1;
  int64_t number = 0;
  for (size_t i = begin; i < *size; i++) number = number * 10 + (name[i] - '0');
  *size = begin;
  return number;
}

/* Whether the name ends in ENDING[row]; fills *key. */
static bool matches(const char *name, size_t row, ReleasedKey *key) {
  const char *text = ENDING[row].text;
  size_t size = strlen(name), length = strlen(text);
  int64_t expert = 0;
  if (text[length - 1] == '#') {
    expert = ending_number(name, &size);
    length--;
  }
  if (expert < 0 || size <= length || memcmp(name + size - length, text, length) != 0) return false;
  *key = (ReleasedKey){ENDING[row].part, name, size - length, expert, ENDING[row].transposed};
  return true;
}

ReleasedKey released_key(const char *name) {
  ReleasedKey key = {.part = RELEASED_UNKNOWN};
  if (strncmp(name, PREFIX, strlen(PREFIX)) == 0) name += strlen(PREFIX);
  if (is_left_over(name)) key.part = RELEASED_LEFT_OVER;
  for (size_t i = 0; key.part == RELEASED_UNKNOWN && i < sizeof ENDING / sizeof *ENDING; i++) {
    matches(name, i, &key);
  }
  return key;
}

char *released_name(ReleasedStyle style, ReleasedPart part, const char *module, int expert) {
  static const char *const PHATGOOSE[] = {
      [RELEASED_A] = "expert_lora.layer1",
      [RELEASED_B] = "expert_lora.layer2",
      [RELEASED_GATE] = "router.expert_embeddings",
  };
  static const char *const GLIDER[] = {
      [RELEASED_A] = "lora_A.default.weight",
      [RELEASED_B] = "lora_B.default.weight",
      [RELEASED_GATE] = "lora_gate.default",
  };
  char *name;
  int size = style == STYLE_PHATGOOSE
                 ? asprintf(&name, "%s._addons.%s__%d", module, PHATGOOSE[part], expert)
                 : asprintf(&name, PREFIX "%s.%s", module, GLIDER[part]);
  return size < 0 ? NULL : name;
}

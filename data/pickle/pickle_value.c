#include "data/pickle/pickle_value.h"

const TorchElement TORCH_ELEMENT[TORCH_ELEMENTS] = {
    {"FloatStorage", "F32", 4},  {"HalfStorage", "F16", 2}, {"BFloat16Storage", "BF16", 2},
    {"DoubleStorage", "F64", 8}, {"LongStorage", "I64", 8}, {"IntStorage", "I32", 4},
    {"ShortStorage", "I16", 2},  {"CharStorage", "I8", 1},  {"ByteStorage", "U8", 1},
    {"BoolStorage", "BOOL", 1},
};

const char *pickle_kind(PickleKind kind) {
  static const char *const words[] = {
      [PICKLE_NONE] = "None",         [PICKLE_BOOL] = "a bool",
      [PICKLE_INT] = "an integer",    [PICKLE_LONG] = "an integer of more than 64 bits",
      [PICKLE_FLOAT] = "a number",    [PICKLE_TEXT] = "a string",
      [PICKLE_TUPLE] = "a tuple",     [PICKLE_LIST] = "a list",
      [PICKLE_DICT] = "a dictionary", [PICKLE_NAME] = "a class or function",
      [PICKLE_STORAGE] = "a storage", [PICKLE_TENSOR] = "a tensor",
  };
  return words[kind];
}

bool pickle_has_items(PickleKind kind) {
  return kind == PICKLE_TUPLE || kind == PICKLE_LIST || kind == PICKLE_DICT;
}

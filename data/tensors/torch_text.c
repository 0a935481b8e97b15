/* What is no tensor in a PyTorch file, as text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "data/tensors/torch_parts.h"

enum { SHOWN = 8 }; /* items of a list */

/* The fewest digits that name the number. */
static void print_real(FILE *out, double real) {
  char text[40];
  int digits = 1;
  do {
    snprintf(text, sizeof text, "%.*g", digits, real);
  } while (digits++ < 17 && strtod(text, NULL) != real);
  fputs(text, out);
}

static void print_one(FILE *out, const PickleValue *v) {
  switch (v->kind) {
    case PICKLE_NONE:
      fputs("None", out);
      break;
    case PICKLE_BOOL:
      fputs(v->integer ? "True" : "False", out);
      break;
    case PICKLE_INT:
      fprintf(out, "%" PRId64, v->integer);
      break;
    case PICKLE_LONG:
      fprintf(out, "an integer of %" PRId64 " bytes", v->integer);
      break;
    case PICKLE_FLOAT:
      print_real(out, v->real);
      break;
    case PICKLE_TEXT:
      if (memchr(v->text, '\0', v->size)) {
        fprintf(out, "a string of %zu bytes, some of them NUL", v->size);
      } else {
        fwrite(v->text, 1, v->size, out);
      }
      break;
    default:
      fputs(pickle_kind(v->kind), out);
  }
}

static void print_items(FILE *out, const Pickle *p, const PickleValue *v) {
  uint32_t shown = v->count < SHOWN ? v->count : SHOWN;
  for (uint32_t i = 0; i < shown; i++) {
    if (i > 0) fputs(", ", out);
    print_one(out, &p->value[v->item[i]]);
  }
  if (shown < v->count) fprintf(out, ", ... (%u in all)", v->count);
}

char *torch_text(const Pickle *p, PickleId id) {
  static const char *const brackets[] = {
      [PICKLE_TUPLE] = "()", [PICKLE_LIST] = "[]", [PICKLE_DICT] = "{}"};
  const PickleValue *v = &p->value[id];
  TextStream text;
  if (!text_stream_open(&text)) return NULL;
  if (pickle_has_items(v->kind)) {
    fputc(brackets[v->kind][0], text.out);
    print_items(text.out, p, v);
    fputc(brackets[v->kind][1], text.out);
  } else {
    print_one(text.out, v);
  }
  return text_stream_close(&text);
}

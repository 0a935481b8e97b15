/* The settings as help text. */
#include <stdlib.h>

#include "data/options/options_internal.h"

static void print_bounds(const Option *option, FILE *out) {
  if (!(option->min < option->max)) return;
  char *min = option_real_text(option->min), *max = option_real_text(option->max);
  if (min && max) fprintf(out, ", %s to %s", min, max);
  free(min);
  free(max);
}

static void print_type(const Option *option, FILE *out) {
  static const char *const name[] = {
      [OPTION_STRING] = "text", [OPTION_PATH] = "path",
      [OPTION_OUTPUT] = "path", [OPTION_INT] = "integer",
      [OPTION_REAL] = "number", [OPTION_BOOL] = "true|false",
      [OPTION_LIST] = "list",   [OPTION_PATHS] = "path or list of paths"};
  fputs(option->type == OPTION_CHOICE ? option->choices : name[option->type], out);
  print_bounds(option, out);
  if (option->required) fputs(", required", out);
}

/* Two lines an option: "key: value  (type, bounds)" and what it is. */
void options_print_help(const OptionSet *o, FILE *out) {
  for (size_t i = 0; i < o->count; i++) {
    const Option *option = &o->table[i];
    char *value = option_text(option, option_load(option, o->settings));
    fprintf(out, "  %s: %s%s(", option->key, value ? value : "?", value && *value ? "  " : "");
    print_type(option, out);
    fprintf(out, ")\n      %s\n", option->help);
    free(value);
  }
}

#include "tools/shell/command.h"

#include <stdio.h>

int command_option(int argc, char **argv, const char *shorts, const struct option *longs,
                   Error *err) {
  char quiet[64]; /* the leading colon tells a missing value from an unknown option */
  snprintf(quiet, sizeof quiet, ":%s", shorts);
  int option = getopt_long(argc, argv, quiet, longs, NULL);
  if (option != '?' && option != ':') return option;
  /* optopt is a short option's letter or a known long option's value; 0 for an unknown long one. */
  const char *word = argv[optind - 1];
  if (option == ':' || (optopt && word[0] == '-' && word[1] == '-')) {
    error_set(err, STATUS_USAGE, "%s: option %s %s; see skein %s --help", argv[0], word,
              option == ':' ? "wants a value" : "takes no value", argv[0]);
  } else if (optopt) {
    error_set(err, STATUS_USAGE, "%s: unknown option -%c; see skein %s --help", argv[0], optopt,
              argv[0]);
  } else {
    error_set(err, STATUS_USAGE, "%s: unknown option %s; see skein %s --help", argv[0], word,
              argv[0]);
  }
  return '?';
}

Status command_operands(int argc, char **argv, int least, int most, const char *what, Error *err) {
  int given = argc - optind;
  if (given < least)
    return error_set(err, STATUS_USAGE, "%s: %s is missing; see skein %s --help", argv[0], what,
                     argv[0]);
  if (given > most)
    return error_set(err, STATUS_USAGE, "%s: unexpected argument '%s'; see skein %s --help",
                     argv[0], argv[optind + most], argv[0]);
  for (int i = optind; i < argc; i++) {
    if (!*argv[i]) return error_set(err, STATUS_USAGE, "%s: %s: is empty", argv[0], what);
  }
  return STATUS_OK;
}

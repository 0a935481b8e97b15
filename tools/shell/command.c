#include "tools/shell/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "autograd/ground/nearest.h"

enum { LONGS_MOST = 64 };

/* The names of the long options that begin with `start`, as "--a, --b"; how many there are. */
static int find_beginnings(const struct option *longs, const char *start, char *out, size_t size) {
  int count = 0;
  for (size_t used = 0; longs->name; longs++) {
    if (strncmp(longs->name, start, strlen(start)) != 0) continue;
    int n = snprintf(out + used, size - used, "%s--%s", count++ ? ", " : "", longs->name);
    used += (size_t)n < size - used ? (size_t)n : 0;
  }
  return count;
}

static bool is_long(const struct option *longs, const char *name) {
  while (longs->name && strcmp(longs->name, name) != 0) longs++;
  return longs->name != NULL;
}

/* "unknown option WORD" with what was meant by it, without dashes and value: `name`. */
static int refuse_word(const char *command, const char *word, const char *name,
                       const struct option *longs, Error *err) {
  const char *known[LONGS_MOST];
  char several[256];
  size_t count = 0;
  if (word[1] == '-' && *name && find_beginnings(longs, name, several, sizeof several) > 1) {
    error_set(err, STATUS_USAGE, "%s: option %s is the beginning of several: %s", command, word,
              several);
    return '?';
  }
  for (; longs[count].name && count < LONGS_MOST; count++) known[count] = longs[count].name;
  const char *near = nearest_word(name, known, count);
  error_set(err, STATUS_USAGE, "%s: unknown option %s; see skein %s --help%s%s%s", command, word,
            command, near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
  return '?';
}

/* What an option is called, without its dashes and its value. */
typedef struct OptionName {
  char text[64];
} OptionName;

static OptionName name_of(const char *word) {
  OptionName name;
  word += strspn(word, "-");
  snprintf(name.text, sizeof name.text, "%.*s", (int)strcspn(word, "="), word);
  return name;
}

/* A word with one dash that is the name of a long option: getopt takes its first letter for an
 * option, and the rest for its value or for more letters. */
static bool lacks_dash(const char *word, const struct option *longs) {
  return word && word[0] == '-' && word[1] != '-' && word[1] && word[2] &&
         is_long(longs, name_of(word).text);
}

/* Such a word that getopt just looked at: it goes on with the letters of one that is not done. */
static const char *find_dashless(int argc, char **argv, int option, const struct option *longs) {
  const char *done = argv[optind - 1], *begun = optind < argc ? argv[optind] : NULL;
  bool failed = option == '?' || option == ':';
  if ((failed || optarg == done + 2) && lacks_dash(done, longs)) return done;
  return option == '?' && optopt && lacks_dash(begun, longs) && begun[1] == optopt ? begun : NULL;
}

int command_option(int argc, char **argv, const char *shorts, const struct option *longs,
                   Error *err) {
  char quiet[2 * LONGS_MOST + 2]; /* its colon tells a missing value from an unknown option */
  snprintf(quiet, sizeof quiet, ":%s", shorts);
  int option = getopt_long(argc, argv, quiet, longs, NULL);
  if (option == -1) return option;
  const char *word = argv[optind - 1], *dashless = find_dashless(argc, argv, option, longs);
  if (dashless) return refuse_word(argv[0], dashless, name_of(dashless).text, longs, err);
  if (option != '?' && option != ':') return option;
  /* optopt is a short option's letter or a known long option's value; 0 for an unknown long one. */
  if (option == ':' || (optopt && word[0] == '-' && word[1] == '-')) {
    error_set(err, STATUS_USAGE, "%s: option %s %s; see skein %s --help", argv[0], word,
              option == ':' ? "wants a value" : "takes no value", argv[0]);
    return '?';
  }
  if (!optopt) return refuse_word(argv[0], word, name_of(word).text, longs, err);
  error_set(err, STATUS_USAGE, "%s: unknown option -%c; see skein %s --help", argv[0], optopt,
            argv[0]);
  return '?';
}

/* Names the operands from `first` to before `end`: "A, B and C are missing". */
static Status refuse_missing(const char *command, const char *what, int first, int end,
                             Error *err) {
  char names[160] = "";
  size_t used = 0;
  for (int i = 0; i < end && *what && used < sizeof names; i++) {
    int size = (int)strcspn(what, "|");
    const char *before = i == first ? "" : i == end - 1 ? " and " : ", ";
    if (i >= first)
      used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", before, size, what);
    what += size + (what[size] == '|');
  }
  return error_set(err, STATUS_USAGE, "%s: %s %s missing; see skein %s --help", command, names,
                   end - first > 1 ? "are" : "is", command);
}

Status command_operands(int argc, char **argv, int least, int most, const char *what, Error *err) {
  int given = argc - optind;
  if (given < least) return refuse_missing(argv[0], what, given, least, err);
  if (given > most)
    return error_set(err, STATUS_USAGE, "%s: unexpected argument '%s'; see skein %s --help",
                     argv[0], argv[optind + most], argv[0]);
  for (int i = optind; i < argc; i++) {
    if (!*argv[i]) return error_set(err, STATUS_USAGE, "%s: %s: is empty", argv[0], what);
  }
  return STATUS_OK;
}

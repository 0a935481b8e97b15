/* options: one table describes every setting; the parser, the defaults, --help, the checks and the
 * record stored with each result are all generated from it.
 *
 * The room data/options owns settings: their tables' meaning, where a value may come from, and the
 * messages about wrong ones. It may not know what a setting is for; YAML it reads and writes
 * through data/text alone (yaml_tree.h, yaml_emit.h).
 *
 * A configuration file is YAML of nested mappings with scalar leaves (and lists of scalars where an
 * option takes a list; lists of files where it takes those). A leaf is named by its path joined
 * with dots: `data: {train: x}` is `data.train`. Precedence: built-in default < recipe < file <
 * `-s key=value`. Unknown keys are errors that name the nearest known key. A leaf may also be given
 * by its dotted name. An option may be a section too: `embedder: lexical` is then
 * `embedder: {kind: lexical}`, beside which other settings have place, as in the record. The table,
 * not YAML, decides the type of a value: `no` is a text where a text is wanted and false where true
 * or false is; an empty value unsets a text, path or list that has no default, and is an error
 * where there is one. Numbers are written as in JSON, true and false as in YAML 1.1 (yes, on; in
 * lower or upper case or with a capital).
 *
 * A path that a file names is looked for beside the file, then in the working directory
 * (data/file/path_search.h); options_paths.h says which was found there. One of the command line is
 * of the working directory, and so is every output. ~/ is the home.
 * Anchors, aliases, tags, directives, duplicate keys and second documents are refused; a file is at
 * most 1 MiB and 16 levels deep (data/text/yaml_tree.h). */
#ifndef SKEIN_OPTIONS_H
#define SKEIN_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "autograd/ground/status.h"
#include "data/file/path_search.h"

typedef enum OptionType {
  OPTION_STRING, /* char * (owned); NULL when unset, which one with a default never is */
  OPTION_PATH,   /* as string: a file or directory that is read */
  OPTION_OUTPUT, /* as string: one that is made */
  OPTION_INT,    /* int64_t, decimal */
  OPTION_REAL,   /* double, finite, decimal */
  OPTION_BOOL,   /* bool: true | false, yes | no, on | off */
  OPTION_CHOICE, /* int: index into `choices` ("a|b|c") */
  OPTION_LIST,   /* char * (owned): scalars joined with ','; a plain scalar is a list of one */
  OPTION_PATHS,  /* char * (owned): a path or several (data/options/path_list.h) */
} OptionType;

/* 2^53: every JSON reader keeps integers up to here exactly, as bounds of seeds need it. */
#define OPTION_INT_MOST 9007199254740992.0

typedef struct Option {
  const char *key; /* "train.steps" */
  OptionType type;
  size_t offset;       /* of the field in the settings struct */
  const char *initial; /* default as text; NULL: unset (strings, paths and lists only) */
  double min, max;     /* inclusive bounds of INT and REAL; none unless min < max */
  const char *choices; /* OPTION_CHOICE */
  bool required;
  const char *help; /* one line: what it is, unit */
} Option;

/* A table, and where its part begins inside the settings struct: `at` is added to every offset. */
typedef struct OptionPart {
  const Option *table;
  size_t count;
  size_t at;
} OptionPart;

/* Where a value came from; a weaker origin never replaces a stronger one, in whatever order they
 * are read. */
typedef enum OptionOrigin {
  ORIGIN_DEFAULT,
  ORIGIN_RECIPE,
  ORIGIN_FILE,
  ORIGIN_COMMAND,
} OptionOrigin;

typedef struct OptionSource {
  OptionOrigin origin;
  PathFound found; /* of a path that a file names; PATH_GIVEN otherwise */
  char *lost;      /* owned: what to say of a path that was found nowhere; NULL otherwise */
} OptionSource;

/* The settings struct is any struct. */
typedef struct OptionSet {
  Option *table; /* [count], owned: all parts, with offsets from `settings` */
  size_t count;
  void *settings;
  OptionSource *source; /* [count], owned */
} OptionSet;

/* Fills *settings with the defaults of one table or of several, which share no key. Free with
 * options_free, which frees the owned strings; the settings stay where they are till then. */
Status options_init(OptionSet *o, const Option *table, size_t count, void *settings, Error *err);
Status options_init_parts(OptionSet *o, const OptionPart *part, size_t parts, void *settings,
                          Error *err);
void options_free(OptionSet *o); /* a zeroed set is allowed */

/* Reads a YAML file. Errors name file, line and column, and the key. */
Status options_read_file(OptionSet *o, const char *path, Error *err);
/* Parses the text of a configuration; `name` stands for the file in messages. */
Status options_read_text(OptionSet *o, const char *text, size_t size, const char *name, Error *err);
/* One "key=value" from the command line. */
Status options_assign(OptionSet *o, const char *assignment, Error *err);
/* Sets an option still at its default to a recipe's value. */
Status options_preset(OptionSet *o, const char *key, const char *value, Error *err);
/* One option as a file, or the command line, sets it; `place` begins the messages of errors. */
Status options_put(OptionSet *o, const char *key, const char *text, const char *place, Error *err);
Status options_command(OptionSet *o, const char *key, const char *text, const char *place,
                       Error *err);
/* Every required option is set. */
Status options_check_required(const OptionSet *o, const char *name, Error *err);
/* STATUS_INPUT for a path of a file that leads nowhere: to be asked when all is read, for the
 * command line may have another. */
Status options_check_paths(const OptionSet *o, Error *err);

/* The table as help text: key, default (live), bounds or choices, help. */
void options_print_help(const OptionSet *o, FILE *out);
/* The resolved settings as a YAML file that reads back to the same settings; deterministic.
 * The caller frees. NULL when out of memory. */
char *options_record(const OptionSet *o);

/* Values as texts that read back to them, "" where unset; what is returned is the caller's, NULL
 * when out of memory. `keep` says which keys are meant, in table order; NULL: all. */
typedef bool OptionFilter(const char *key, const void *arg);
char *options_text(const OptionSet *o, const char *key); /* of one key of the table */
char *options_lines(const OptionSet *o, OptionFilter *keep, const void *arg);  /* "key=value\n" */
json_t *options_json(const OptionSet *o, OptionFilter *keep, const void *arg); /* {key: text} */

/* The files and directories that the settings name: what is read, and what is made or gone on with.
 * Fills file, [count] of the table at most; the set owns the texts. How many there are. */
int options_files(const OptionSet *o, const char **file);

/* Gives a set the values of another of the same table, and where they came from. */
Status options_copy(OptionSet *to, const OptionSet *from, Error *err);

#endif

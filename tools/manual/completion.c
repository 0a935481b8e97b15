#include "tools/manual/completion.h"

#include <stdlib.h>
#include <string.h>

/* What stands at the cursor, and where the words go that may. */
typedef struct Cursor {
  const char *before; /* [kept] what every word offered begins with: "--base=" */
  size_t kept;
  const char *start; /* behind it: what the rest of a word offered begins with */
  FILE *out;
} Cursor;

static void offer(const Cursor *c, const char *word, size_t size, const char *end,
                  const char *what) {
  size_t start = strlen(c->start);
  if (start > size || strncmp(word, c->start, start) != 0) return;
  fprintf(c->out, "%.*s%.*s%s\t%s\n", (int)c->kept, c->before, (int)size, word, end,
          what ? what : "");
}

static void offer_word(const Cursor *c, const char *word, const char *what) {
  offer(c, word, strlen(word), "", what);
}

static void offer_files(const Cursor *c) {
  fputs(":files\n", c->out);
}

/* Each word of "a|b"; DIR stands for any file. */
static void offer_list(const Cursor *c, const char *list) {
  for (size_t size; *list; list += size + (list[size] == '|')) {
    size = strcspn(list, "|");
    if (strcmp(list, "DIR") == 0) {
      offer_files(c);
    } else {
      offer(c, list, size, "", NULL);
    }
  }
}

/* ---- settings ---- */

/* A look at the first table of settings, which is the one that -s sets. */
typedef struct Look {
  const Cursor *cursor;
  const char *key; /* [size] whose values are wanted; NULL: keys are */
  size_t size;
  bool values; /* of choices alone */
  bool done;
} Look;

static void offer_values(const Cursor *c, const Option *option, bool choices_alone) {
  if (option->type == OPTION_CHOICE) offer_list(c, option->choices);
  if (choices_alone) return;
  if (option->type == OPTION_BOOL) offer_list(c, "true|false");
  bool path = option->type == OPTION_PATH || option->type == OPTION_OUTPUT;
  if (path || option->type == OPTION_PATHS) offer_files(c);
}

static void look_at_settings(void *arg, const char *title, const OptionSet *set) {
  Look *look = arg;
  (void)title;
  for (size_t i = 0; i < set->count && !look->done; i++) {
    const Option *option = &set->table[i];
    if (!look->key) {
      offer(look->cursor, option->key, strlen(option->key), "=", option->help);
    } else if (strlen(option->key) == look->size &&
               strncmp(option->key, look->key, look->size) == 0) {
      offer_values(look->cursor, option, look->values);
    }
  }
  look->done = true;
}

/* KEY=VALUE: the keys, or behind a key its values. */
static void offer_setting(const Command *command, const char *verb, Cursor c) {
  const char *sign = strchr(c.start, '=');
  if (!command->settings) return;
  Look look = {.cursor = &c};
  if (sign) {
    look.key = c.start;
    look.size = (size_t)(sign - c.start);
    c.kept += (size_t)(sign + 1 - c.start); /* `before` and `start` are of one word */
    c.start = sign + 1;
  }
  command->settings(verb, look_at_settings, &look);
}

/* ---- options ---- */

/* The words so far: whose options and operands these are. */
typedef struct Place {
  const Command *command;
  const CommandVerb *verb; /* NULL: none yet, or the command has none */
  const Argument *waits;   /* the option whose value the next word is; NULL: none */
  int operands;
} Place;

static const ArgumentTable *arguments_of(const Place *p) {
  return p->verb && p->verb->arguments ? p->verb->arguments : p->command->arguments;
}

static unsigned form_of(const Place *p) {
  return p->verb ? p->verb->form : p->command->form;
}

static const char *verb_of(const Place *p) {
  return p->verb ? p->verb->name : NULL;
}

/* The option that a word names: --name, --name=VALUE or -n; NULL: none. */
static const Argument *find_option(const Place *p, const char *word) {
  const ArgumentTable *table = arguments_of(p);
  size_t size = strcspn(word, "=");
  for (int i = 0; table && i < table->count; i++) {
    const Argument *row = &table->row[i];
    bool is_long = size > 2 && strncmp(word, "--", 2) == 0 && strlen(row->name) == size - 2 &&
                   strncmp(row->name, word + 2, size - 2) == 0;
    bool is_short = size == 2 && word[0] == '-' && row->letter == word[1];
    if ((is_long || is_short) && arguments_takes(form_of(p), row)) return row;
  }
  return NULL;
}

static void offer_options(const Place *p, const Cursor *c) {
  const ArgumentTable *table = arguments_of(p);
  char name[64];
  for (int i = 0; table && i < table->count; i++) {
    const Argument *row = &table->row[i];
    if (!arguments_takes(form_of(p), row)) continue;
    snprintf(name, sizeof name, "--%s", row->name);
    offer_word(c, name, row->help ? row->help : row->value);
  }
  offer_word(c, "--help", "what there is to say");
}

/* A value that has the name of a setting has its choices. */
static void offer_value(const Place *p, const Argument *row, const Cursor *c) {
  const char *value = row->value ? row->value : "";
  if (strcmp(value, "KEY=VALUE") == 0) {
    offer_setting(p->command, verb_of(p), *c);
  } else if (strchr(value, '|')) {
    offer_list(c, value);
  } else if (strcmp(value, "FILE") == 0 || strcmp(value, "DIR") == 0) {
    offer_files(c);
  } else if (strcmp(value, "NAME") == 0 && p->command->settings) {
    Look look = {.cursor = c, .key = row->name, .size = strlen(row->name), .values = true};
    p->command->settings(verb_of(p), look_at_settings, &look);
  }
}

/* ---- operands ---- */

static void offer_verbs(const Command *command, const Cursor *c) {
  for (const CommandVerb *v = command->verbs; v && v->name; v++) offer_word(c, v->name, NULL);
}

static void take_operand(Place *p, const char *word) {
  const CommandVerb *v = p->operands == 0 ? p->command->verbs : NULL;
  while (v && v->name && strcmp(v->name, word) != 0) v++;
  if (v && v->name) p->verb = v;
  p->operands++;
}

static void take_word(Place *p, const char *word) {
  const Argument *row = word[0] == '-' ? find_option(p, word) : NULL;
  if (p->waits) {
    p->waits = NULL;
  } else if (row && row->type != ARGUMENT_SWITCH && !strchr(word, '=')) {
    p->waits = row;
  } else if (word[0] != '-') {
    take_operand(p, word);
  }
}

static void offer_operand(const Place *p, const Cursor *c) {
  if (p->operands == 0 && p->command->verbs) {
    offer_verbs(p->command, c);
  } else if (p->operands == 1 && p->verb && p->verb->words) {
    offer_list(c, p->verb->words);
  } else {
    offer_files(c);
  }
}

static void offer_at(const Place *p, const char *word, FILE *out) {
  const char *sign = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
  const Argument *row = sign ? find_option(p, word) : NULL;
  Cursor c = {word, sign ? (size_t)(sign + 1 - word) : 0, sign ? sign + 1 : word, out};
  if (p->waits) {
    offer_value(p, p->waits, &c);
  } else if (sign) {
    if (row) offer_value(p, row, &c);
  } else if (word[0] == '-') {
    offer_options(p, &c);
  } else {
    offer_operand(p, &c);
  }
}

/* ---- the program ---- */

static void offer_commands(const Program *p, const Cursor *c) {
  for (int i = 0; i < p->commands; i++) offer_word(c, p->command[i]->name, p->command[i]->summary);
}

void completion_words(const Program *p, int count, char *const *word, FILE *out) {
  if (count == 0) return;
  const char *last = word[count - 1];
  const Cursor c = {last, 0, last, out};
  bool help = count > 1 && strcmp(word[0], "help") == 0;
  if (count - help == 1) {
    offer_commands(p, &c);
    offer_word(&c, help ? "routers" : "help", help ? "every way to route" : "more about a command");
    return;
  }
  Place place = {.command = program_find(p, word[help])};
  if (!place.command) return;
  for (int i = help + 1; i < count - 1; i++) take_word(&place, word[i]);
  if (!help) {
    offer_at(&place, last, out);
  } else if (place.operands == 0) {
    offer_verbs(place.command, &c);
  }
}

#include "tools/manual/manual.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "data/file/file.h"
#include "tools/manual/man_page.h"

const Command *program_find(const Program *p, const char *name) {
  for (int i = 0; i < p->commands; i++) {
    if (strcmp(p->command[i]->name, name) == 0) return p->command[i];
  }
  return NULL;
}

/* ---- help ---- */

void manual_program_help(const Program *p, FILE *out) {
  fputs(p->about, out);
  for (int i = 0; i < p->commands; i++)
    fprintf(out, "  %-10s %s\n", p->command[i]->name, p->command[i]->summary);
  fputs(p->behind, out);
}

static void print_settings(void *arg, const char *title, const OptionSet *set) {
  FILE *out = arg;
  fprintf(out, "\n%s:\n", title);
  options_print_help(set, out);
}

/* The word, where it is a verb of the command, and NULL otherwise. */
static const char *known_verb(const Command *c, const char *word) {
  for (const CommandVerb *v = c->verbs; word && v && v->name; v++) {
    if (strcmp(v->name, word) == 0) return word;
  }
  return NULL;
}

void manual_command_help(const Command *c, const char *verb, FILE *out) {
  fputs(c->usage, out);
  if (c->arguments) arguments_print_help(c->arguments, c->form, c->defaults, out);
  if (c->settings) c->settings(known_verb(c, verb), print_settings, out);
}

/* ---- pages ---- */

/* "skein-train" of a command, "skein" of the program (NULL). */
typedef struct PageName {
  char text[64];
} PageName;

static PageName page_name(const Program *p, const Command *c) {
  PageName name;
  snprintf(name.text, sizeof name.text, "%s%s%s", p->name, c ? "-" : "", c ? c->name : "");
  return name;
}

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the manual");
}

Status manual_page(const Program *p, const Command *c, FILE *out, Error *err) {
  TextStream help;
  if (!text_stream_open(&help)) return no_memory(err);
  if (c) {
    manual_command_help(c, NULL, help.out);
  } else {
    manual_program_help(p, help.out);
  }
  char *text = text_stream_close(&help);
  if (!text) return no_memory(err);
  const PageName name = page_name(p, c);
  const ManPage page = {name.text, c ? c->summary : p->summary, p->name, p->version};
  man_page_write(&page, text, out);
  free(text);
  return STATUS_OK;
}

void manual_list(const Program *p, FILE *out) {
  for (int i = -1; i < p->commands; i++)
    fprintf(out, "%s.1\n", page_name(p, i < 0 ? NULL : p->command[i]).text);
}

static Status write_page(const Program *p, const Command *c, const char *dir, Error *err) {
  AtomicFile file;
  char *path;
  if (asprintf(&path, "%s/%s.1", dir, page_name(p, c).text) < 0) return no_memory(err);
  Status status = atomic_open(&file, path, err);
  free(path);
  TRY(status);
  status = manual_page(p, c, file.stream, err);
  if (status == STATUS_OK) return atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}

Status manual_write(const Program *p, const char *dir, Error *err) {
  TRY(dir_make(dir, err));
  for (int i = -1; i < p->commands; i++) TRY(write_page(p, i < 0 ? NULL : p->command[i], dir, err));
  return STATUS_OK;
}

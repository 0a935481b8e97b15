#include "tests/faults/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"

enum { FILE_MOST = 64 << 20 };

void must(Status status, const Error *err) {
  if (status == STATUS_OK) return;
  fprintf(stderr, "sweep: %s\n", err->text);
  exit(99);
}

static char *join(const char *dir, const char *name) {
  char *path = path_join(dir, name);
  if (path) return path;
  fputs("sweep: out of memory\n", stderr);
  exit(99);
}

static TreeEntry *add(Tree *t) {
  TreeEntry *grown = array_grow(t->entry, t->count, 1, sizeof *grown);
  if (!grown) exit(99);
  t->entry = grown;
  t->entry[t->count] = (TreeEntry){0};
  return &t->entry[t->count++];
}

/* Takes out the numbers behind `key`. */
static void take_numbers(char *text, const char *key) {
  for (char *at = text; (at = strstr(at, key)) != NULL;) {
    at += strlen(key);
    size_t size = strspn(at, " 0123456789.e+-");
    memmove(at, at + size, strlen(at + size) + 1);
  }
}

/* How long things took depends on how often they began. */
static void hash_timeless(const char *path, char hex[HASH_HEX]) {
  Error err = {0};
  char *text;
  size_t size;
  must(file_read(path, FILE_MOST, &text, &size, &err), &err);
  if (strlen(text) == size) {
    take_numbers(text, "seconds\":");
    take_numbers(text, "_per_second\":");
    size = strlen(text);
  }
  if (strcmp(path_last(path), "metrics.csv") == 0) size = 0; /* the rows of metrics.jsonl */
  Hash *hash = hash_new();
  if (!hash) exit(99);
  hash_add(hash, text, size);
  hash_finish(hash, hex);
  free(text);
}

/* Adds what is in dir/below; `below` is "" at first. */
static void read_level(Tree *t, const char *dir, const char *below) {
  Error err = {0};
  DirNames names;
  char *place = join(dir, below);
  must(dir_names(&names, place, &err), &err);
  for (size_t i = 0; i < names.count; i++) {
    if (strcmp(names.name[i], ".lock") == 0) continue;
    char *path = *below ? join(below, names.name[i]) : strdup(names.name[i]);
    char *whole = join(place, names.name[i]);
    TreeEntry *entry = add(t);
    entry->path = path;
    if (!dir_exists(whole)) hash_timeless(whole, entry->hex);
    if (!entry->hex[0]) read_level(t, dir, path);
    free(whole);
  }
  dir_names_free(&names);
  free(place);
}

Tree tree_read(const char *dir) {
  Tree t = {0};
  read_level(&t, dir, "");
  return t;
}

void tree_free(Tree *t) {
  for (size_t i = 0; i < t->count; i++) free(t->entry[i].path);
  free(t->entry);
  *t = (Tree){0};
}

const TreeEntry *tree_find(const Tree *t, const char *path) {
  for (size_t i = 0; i < t->count; i++) {
    if (strcmp(t->entry[i].path, path) == 0) return &t->entry[i];
  }
  return NULL;
}

bool tree_has(const Tree *t, const TreeEntry *entry) {
  const TreeEntry *found = tree_find(t, entry->path);
  return found && strcmp(found->hex, entry->hex) == 0;
}

static const char *missing(const Tree *from, const Tree *in) {
  for (size_t i = 0; i < from->count; i++) {
    if (!tree_has(in, &from->entry[i])) return from->entry[i].path;
  }
  return NULL;
}

const char *tree_difference(const Tree *a, const Tree *b) {
  const char *path = missing(a, b);
  return path ? path : missing(b, a);
}

bool tree_equal(const Tree *a, const Tree *b) {
  return !tree_difference(a, b);
}

/* <name>.tmp.<process>.<16 hexadecimal digits>, or TMPDIR/skein-... and what is in it. */
static bool is_temporary(const char *path) {
  static const char SCRATCH[] = "tmp/skein-";
  if (strncmp(path, SCRATCH, strlen(SCRATCH)) == 0) return true;
  const char *salt = strrchr(path, '.'), *mark = strstr(path, ".tmp.");
  if (!mark || !salt || strspn(salt + 1, "0123456789abcdef") != 16 || salt[17]) return false;
  return mark + strlen(".tmp.") + strspn(mark + strlen(".tmp."), "0123456789") == salt;
}

size_t tree_drop_temporaries(Tree *t) {
  size_t kept = 0, all = t->count;
  for (size_t i = 0; i < all; i++) {
    if (is_temporary(t->entry[i].path)) {
      free(t->entry[i].path);
    } else {
      t->entry[kept++] = t->entry[i];
    }
  }
  t->count = kept;
  return all - kept;
}

static void copy_level(const char *from, const char *to) {
  Error err = {0};
  DirNames names;
  must(dir_make(to, &err), &err);
  must(dir_names(&names, from, &err), &err);
  for (size_t i = 0; i < names.count; i++) {
    char *a = join(from, names.name[i]), *b = join(to, names.name[i]), *text;
    size_t size;
    if (dir_exists(a)) {
      copy_level(a, b);
    } else {
      must(file_read(a, FILE_MOST, &text, &size, &err), &err);
      FILE *f = fopen(b, "w");
      if (!f || fwrite(text, 1, size, f) != size || fclose(f) != 0) exit(99);
      free(text);
    }
    free(a);
    free(b);
  }
  dir_names_free(&names);
}

void tree_copy(const char *from, const char *to) {
  Error err = {0};
  must(dir_remove(to, &err), &err);
  copy_level(from, to);
}

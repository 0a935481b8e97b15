/* tree: what lies in a directory, to compare and to copy. Failures end the program with a line. */
#ifndef SKEIN_TESTS_TREE_H
#define SKEIN_TESTS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "data/file/hash.h"

typedef struct TreeEntry {
  char *path;         /* from the directory */
  char hex[HASH_HEX]; /* SHA-256 but for what tells how long things took; "" of a directory */
} TreeEntry;

/* In an order that depends on the names alone. Files named .lock, which say whether somebody works
 * here, do not count. */
typedef struct Tree {
  TreeEntry *entry;
  size_t count;
} Tree;

Tree tree_read(const char *dir);
void tree_free(Tree *t);
bool tree_equal(const Tree *a, const Tree *b);
/* NULL where there is none. */
const TreeEntry *tree_find(const Tree *t, const char *path);
/* The tree has this very entry. */
bool tree_has(const Tree *t, const TreeEntry *entry);
/* Takes out what the program itself removes later: temporaries of outputs (data/file/file.h), and
 * what is of its own in TMPDIR (temporary.h).
 * Returns how many there were. */
size_t tree_drop_temporaries(Tree *t);
/* The first path, by name, that is not in both alike; NULL when they are equal. */
const char *tree_difference(const Tree *a, const Tree *b);

/* `to` becomes a copy of `from`; what was there goes. */
void tree_copy(const char *from, const char *to);

/* Ends the program with the error when it is one. */
void must(Status status, const Error *err);

#endif

/* items_internal: what items.c and the readers of its formats share. */
#ifndef SKEIN_ITEMS_INTERNAL_H
#define SKEIN_ITEMS_INTERNAL_H

#include "data/examples/items.h"
#include "data/examples/label_sets.h"
#include "data/file/hash.h"
#include "data/text/json.h"

enum { ITEMS_PLACE = 512 };

/* How the files of a format are read. A new format is a file with one of these and a row in
 * items.c. */
typedef struct ItemReader {
  /* Opens the file at s->path and sets the total; items_close frees it, after a failure too. */
  Status (*open)(ItemSet *s, Error *err);
  /* Waits for more of what is followed, and adds it to the total; NULL: nothing is. */
  Status (*more)(ItemSet *s, Error *err);
  /* Item i of the file, as far as s->keys.use needs it: choices that its own text gives, or none.
   * *group, freed by the caller, names the items that it shares a label set with. The item is freed
   * by the caller on failure too. */
  Status (*read)(const ItemSet *s, int64_t i, Item *out, char **group, Error *err);
  /* Where item i is, for messages: "FILE: line N" or "FILE: examples[i]". */
  void (*place)(const ItemSet *s, int64_t i, char place[ITEMS_PLACE]);
  const char *choiceless; /* says that an item has no choices, and what may be done */
} ItemReader;

extern const ItemReader items_lines, items_bbh;

struct ItemSet {
  const ItemReader *reader;
  char *path;       /* as given */
  const char *name; /* of the file in messages; borrowed */
  ItemKeys keys;    /* owned strings, none NULL */
  bool ranks;       /* the use needs the choices of an item */
  int64_t total;    /* items of the file */
  int64_t *odd;     /* [odd_count] those that are left out, ascending */
  int64_t odd_count;
  ItemOverlap same, alike; /* owned texts */
  Jsonl *lines;            /* of items_lines */
  JsonDoc doc;             /* of items_bbh, with the next two */
  json_t *examples;        /* borrowed from doc */
  char hash[HASH_HEX];     /* of the text */
  LabelSets *label_sets;   /* NULL unless choices come from targets */
};

#endif

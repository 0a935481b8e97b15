/* items_internal: what items.c and the readers of its formats share. */
#ifndef SKEIN_ITEMS_INTERNAL_H
#define SKEIN_ITEMS_INTERNAL_H

#include "data/examples/items.h"
#include "data/file/hash.h"
#include "data/text/json.h"

enum { ITEMS_PLACE = 512 };

/* How the files of a format are read. A new format is a file with one of these and a row in
 * items.c. */
typedef struct ItemReader {
  /* Opens the file at s->path and sets the count; items_close frees it, after a failure too. */
  Status (*open)(ItemSet *s, Error *err);
  /* Item i: choices that its own text gives, or none. *group, freed by the caller, names the items
   * that it shares a label set with. The item is freed by the caller on failure too. */
  Status (*read)(const ItemSet *s, int64_t i, Item *out, char **group, Error *err);
  /* Where item i is, for messages: "FILE: line N" or "FILE: examples[i]". */
  void (*place)(const ItemSet *s, int64_t i, char place[ITEMS_PLACE]);
  /* Says that the item there has no choices, and what may be done. */
  Status (*refuse_choiceless)(const ItemSet *s, const char *place, Error *err);
} ItemReader;

extern const ItemReader items_lines, items_bbh;

struct ItemSet {
  const ItemReader *reader;
  char *path;
  ItemKeys keys; /* owned strings, none NULL */
  int64_t count;
  Jsonl *lines;        /* of items_lines */
  JsonDoc doc;         /* of items_bbh, with the next two */
  json_t *examples;    /* borrowed from doc */
  char hash[HASH_HEX]; /* of the text */
  json_t *label_sets;  /* {group: {target: index}}; NULL unless choices come from targets */
};

#endif

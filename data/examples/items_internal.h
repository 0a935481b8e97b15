/* items_internal: what items.c and its two readers share. */
#ifndef SKEIN_ITEMS_INTERNAL_H
#define SKEIN_ITEMS_INTERNAL_H

#include "data/examples/items.h"
#include "data/file/hash.h"
#include "data/text/json.h"

struct ItemSet {
  char *path;
  ItemFormat format;
  ItemKeys keys; /* owned strings, none NULL */
  int64_t count;
  Jsonl *lines;        /* ITEMS_LINES */
  JsonDoc doc;         /* ITEMS_BBH, with the next two */
  json_t *examples;    /* borrowed from doc */
  char hash[HASH_HEX]; /* of the text */
  json_t *label_sets;  /* {group: {target: index}}; NULL unless choices come from targets */
};

/* Item i as its reader finds it: choices that its own text gives, or none. *group, freed by the
 * caller, names the items that it shares a label set with. The item is freed by the caller on
 * failure too. */
Status items_read_line(const ItemSet *s, int64_t i, Item *out, char **group, Error *err);
Status items_read_bbh(const ItemSet *s, int64_t i, Item *out, char **group, Error *err);

Status items_open_bbh(ItemSet *s, Error *err);

/* Where item i is, for messages: "FILE: line N" or "FILE: examples[i]". */
enum { ITEMS_PLACE = 512 };
void items_place(const ItemSet *s, int64_t i, char place[ITEMS_PLACE]);
Status items_copy(char **out, const char *text, Error *err);
/* The first of the choices that equals the first of the targets to equal one; white space around
 * them does not count. -1: there is none. */
int items_find_label(const Item *item);

#endif

/* pieces: texts with ids from 0 on, found by what a text begins with. */
#ifndef SKEIN_PIECES_H
#define SKEIN_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

enum {
  PIECES_MAX = 10000000,
  PIECE_BYTES = 4096,          /* of one piece */
  PIECES_BYTES_MAX = 16 << 20, /* of all: the tree has at most as many nodes */
};

/* A node of the tree of the pieces' bytes; its children lie side by side in the order of their
 * bytes. Node 0 is the root. */
typedef struct PieceNode {
  int32_t id; /* of the piece that ends here; -1: none does */
  uint32_t first;
  uint16_t children;
  unsigned char byte;
} PieceNode;

typedef struct PieceText {
  char *text; /* owned, NUL behind it */
  size_t size;
} PieceText;

typedef struct Pieces {
  PieceText *piece; /* [count] */
  int32_t count;
  size_t bytes;
  PieceNode *node; /* NULL before pieces_index */
} Pieces;

/* Gives a text the next id. STATUS_INPUT, naming `path` and the piece: too many, too long, empty, no
 * UTF-8, or with a NUL byte, which no tokenizer.json that is read here can have. */
Status pieces_add(Pieces *p, const char *text, size_t size, const char *path, Error *err);
/* Builds the tree. STATUS_INPUT: two pieces are the same. */
Status pieces_index(Pieces *p, const char *path, Error *err);
void pieces_free(Pieces *p); /* a zeroed Pieces is allowed */

/* After pieces_index. */
/* The child of a node for a byte; 0: there is none. */
uint32_t pieces_step(const Pieces *p, uint32_t node, unsigned char byte);
/* The id of a text; -1: it is no piece. */
int32_t pieces_find(const Pieces *p, const char *text, size_t size);

#endif

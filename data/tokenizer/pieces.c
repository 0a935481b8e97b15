#include "data/tokenizer/pieces.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/text/utf8.h"

static Status piece_error(const char *path, int32_t id, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: piece %" PRId32 ": %s", path, id, what);
}

static Status no_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

Status pieces_add(Pieces *p, const char *text, size_t size, const char *path, Error *err) {
  if (size == 0) return piece_error(path, p->count, "is empty", err);
  if (size > PIECE_BYTES) return piece_error(path, p->count, "is longer than 4096 bytes", err);
  if (memchr(text, '\0', size)) return piece_error(path, p->count, "has a NUL byte", err);
  if (utf8_valid(text, size) < size) return piece_error(path, p->count, "is not UTF-8", err);
  if (p->count == PIECES_MAX || size > PIECES_BYTES_MAX - p->bytes) {
    return piece_error(path, p->count, "there are too many pieces", err);
  }
  PieceText *grown = array_grow(p->piece, (size_t)p->count, 1, sizeof *grown);
  if (!grown) return no_memory(path, err);
  p->piece = grown;
  char *copy = malloc(size + 1);
  if (!copy) return no_memory(path, err);
  memcpy(copy, text, size);
  copy[size] = '\0';
  p->piece[p->count++] = (PieceText){copy, size};
  p->bytes += size;
  return STATUS_OK;
}

/* A piece in the order of bytes; of equal ones the first id is first. */
typedef struct Sorted {
  const PieceText *piece;
  int32_t id;
} Sorted;

static int compare_pieces(const void *a, const void *b) {
  const Sorted *x = a, *y = b;
  size_t n = x->piece->size < y->piece->size ? x->piece->size : y->piece->size;
  int order = memcmp(x->piece->text, y->piece->text, n);
  if (order) return order;
  if (x->piece->size != y->piece->size) return x->piece->size < y->piece->size ? -1 : 1;
  return x->id < y->id ? -1 : 1;
}

static Sorted *sort_pieces(const Pieces *p) {
  Sorted *sorted = calloc((size_t)p->count + 1, sizeof *sorted);
  if (!sorted) return NULL;
  for (int32_t i = 0; i < p->count; i++) sorted[i] = (Sorted){&p->piece[i], i};
  qsort(sorted, (size_t)p->count, sizeof *sorted, compare_pieces);
  return sorted;
}

static Status check_distinct(const Sorted *sorted, int32_t count, const char *path, Error *err) {
  for (int32_t i = 1; i < count; i++) {
    const PieceText *a = sorted[i - 1].piece, *b = sorted[i].piece;
    if (a->size != b->size || memcmp(a->text, b->text, a->size) != 0) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: piece %" PRId32 ": '%.100s' is already defined as piece %" PRId32, path,
                     sorted[i].id, b->text, sorted[i - 1].id);
  }
  return STATUS_OK;
}

/* The pieces [low, high) of the order share the first `depth` bytes, which lead to a node. */
typedef struct Span {
  int32_t low, high, depth;
} Span;

/* Fills node `at`, whose span is span[at], and appends its children. Both arrays have room for
 * every node there can be. */
static uint32_t fill_node(PieceNode *node, Span *span, uint32_t at, uint32_t count,
                          const Sorted *sorted) {
  Span s = span[at];
  node[at].id = -1;
  node[at].first = count;
  if ((int32_t)sorted[s.low].piece->size == s.depth) node[at].id = sorted[s.low++].id;
  for (int32_t i = s.low; i < s.high;) {
    unsigned char byte = (unsigned char)sorted[i].piece->text[s.depth];
    int32_t end = i;
    while (end < s.high && (unsigned char)sorted[end].piece->text[s.depth] == byte) end++;
    node[count].byte = byte;
    span[count++] = (Span){i, end, s.depth + 1};
    node[at].children++;
    i = end;
  }
  return count;
}

Status pieces_index(Pieces *p, const char *path, Error *err) {
  Sorted *sorted = sort_pieces(p);
  p->node = calloc(p->bytes + 1, sizeof *p->node);
  Span *span = malloc((p->bytes + 1) * sizeof *span);
  Status status = STATUS_OK;
  if (!sorted || !p->node || !span) {
    status = no_memory(path, err);
  } else {
    status = check_distinct(sorted, p->count, path, err);
  }
  if (status == STATUS_OK) {
    p->node[0].id = -1;
    span[0] = (Span){0, p->count, 0};
    uint32_t count = 1;
    for (uint32_t at = 0; at < count && p->count > 0; at++)
      count = fill_node(p->node, span, at, count, sorted);
  }
  free(span);
  free(sorted);
  return status;
}

void pieces_free(Pieces *p) {
  for (int32_t i = 0; i < p->count; i++) free(p->piece[i].text);
  free(p->piece);
  free(p->node);
  *p = (Pieces){0};
}

uint32_t pieces_step(const Pieces *p, uint32_t node, unsigned char byte) {
  uint32_t low = p->node[node].first, high = low + p->node[node].children, end = high;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (p->node[middle].byte < byte) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < end && p->node[low].byte == byte ? low : 0;
}

int32_t pieces_find(const Pieces *p, const char *text, size_t size) {
  uint32_t node = 0;
  for (size_t i = 0; i < size; i++) {
    node = pieces_step(p, node, (unsigned char)text[i]);
    if (!node) return -1;
  }
  return size ? p->node[node].id : -1;
}

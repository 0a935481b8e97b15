/* eval_kept: finished cells of other settings, which an evaluation keeps beside its own.
 *
 *   OUTPUT/kept/<method>/<task>.<id>.json, .jsonl, .routing.json, .timing.json
 *
 * <id> is the first KEPT_ID digits of the cell's identity. A cell that would take the place of
 * another one's moves that one there, and is found there when its settings are asked again. */
#ifndef SKEIN_EVAL_KEPT_H
#define SKEIN_EVAL_KEPT_H

#include "infer/eval/eval_cell.h"

/* Whether a cell of another identity is in the place of this one. A file that is there and cannot
 * be read is STATUS_INPUT naming it. */
Status eval_kept_look(const CellParts *parts, const char *identity, bool *other, Error *err);

/* Makes room for a cell that is to be written, so that nothing of one identity is ever found beside
 * the cell of another: keeps the one that is in its place, or removes it where it is of the same
 * identity or of none. */
Status eval_kept_make_room(const CellParts *parts, const char *identity, Error *err);

/* Makes room, and puts a cell that is kept in its place. */
Status eval_kept_restore(const CellParts *parts, const char *identity, Error *err);

#endif

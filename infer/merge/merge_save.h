/* merge_save: a merge as files: a PEFT directory, and the record of what was merged and how. */
#ifndef SKEIN_MERGE_SAVE_H
#define SKEIN_MERGE_SAVE_H

#include "data/text/json_put.h"
#include "infer/merge/merge.h"

#define MERGE_RECORD "merge.json"

/* Writes a PEFT directory that peft reads (made if needed), in f32. STATUS_MISMATCH where experts of
 * different kinds, or (IA)3 of different sides of a module, were merged: no adapter of PEFT has
 * both. */
Status merge_save(const Merged *m, const Pool *pool, const char *dir, Error *err);

/* The record, an object:
 *
 *   format, version   "skein-merge", 1
 *   settings          those that were read, {key: text}, which the call takes over
 *   base              fingerprint of the pool's base
 *   experts           list of {name, fingerprint, file: SHA-256 of the adapter's tensors, weight}
 *   lost              |merged - adapter| / |merged|, over all modules
 *   modules           list of {module, rank, lost}
 *
 * NULL when out of memory. */
json_t *merge_record(const Merged *m, const Pool *pool, const MergeSettings *s, json_t *settings);

#endif

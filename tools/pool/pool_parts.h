/* pool_parts: the steps that additions to a pool and imports of one share. */
#ifndef SKEIN_POOL_PARTS_H
#define SKEIN_POOL_PARTS_H

#include "infer/pool/pool_expert.h"
#include "tools/pool/pool_tool.h"

/* STATUS_USAGE unless a text of the command line, which goes into the manifest, is UTF-8. */
Status pool_check_text(const char *what, const char *text, Error *err);
/* The text that `--instruction` gives, itself or as @FILE, without the newlines at a file's end, or
 * the one that `--instruction-file` has for the expert, in a new string; "" where none is given. */
Status pool_read_instruction(const PoolOptions *o, const char *expert, char **text, Error *err);
/* STATUS_INPUT where `path` is a directory, which might pass for one of weights; `want` is what to
 * give instead. */
Status pool_check_file(const char *path, const char *want, Error *err);
/* DIR/.gitignore, unless there is one. */
Status pool_write_ignored(const char *dir, Error *err);
/* Checks a new expert where its files are, every number too, and fills what the entry says about
 * it but the hashes of its files. */
Status pool_describe_new(const PoolManifest *m, const PoolSource *source, const Modules *modules,
                         PoolEntry *entry, Error *err);
/* Copies a file and hashes what was copied. */
Status pool_copy_file(const char *from, const char *to, char hash[HASH_HEX], Error *err);

#endif

/* options_paths: where the paths of a file were found, for the notes about it. */
#ifndef SKEIN_OPTIONS_PATHS_H
#define SKEIN_OPTIONS_PATHS_H

#include "data/options/options.h"

/* Paths that were found otherwise than one would think who reads the file. */
typedef struct PathNotes {
  struct PathNote {
    int count;
    char example[160]; /* "KEY: PATH" of the first */
  } working, doubled;  /* only in the working directory; beside the file and there */
} PathNotes;

/* Adds a path that was found so, which the file names under `key`. */
void path_notes_count(PathNotes *notes, const char *key, const char *path, PathFound found);
/* Adds those of a set. */
void path_notes_add(PathNotes *notes, const OptionSet *o);
/* Hands over a line for each of the two that there are; `file` names them. */
typedef void PathSay(const char *line);
void path_notes_tell(const PathNotes *notes, const char *file, PathSay *say);
/* Both, of one set. */
void options_tell_paths(const OptionSet *o, const char *file, PathSay *say);

#endif

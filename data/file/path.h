/* path: names of files, as strings; nothing here looks at the disk.
 *
 * A path may have two parts: the directory that somebody named, which may be reached through
 * symbolic links, and what is below it. A pool, a run or an evaluation may come from a stranger
 * (git carries links), so nothing below it may lead out of it. The mark "/./" parts the two, as it
 * does for rsync: every function of the room refuses a link (and `..`) after the first mark of a
 * path, whether it reads, makes, replaces or removes. Messages show a mark as a slash. */
#ifndef SKEIN_PATH_H
#define SKEIN_PATH_H

#include <stdbool.h>

#define PATH_MARK "/./"

/* dir + "/" + name in a new string (NULL when out of memory). An absolute `name` is returned as
 * it is. */
char *path_join(const char *dir, const char *name);
/* The same with a mark between them, where `dir` has none; `name` is never taken as absolute. */
char *path_below(const char *dir, const char *name);
/* dir + "/." in a new string: what path_join joins to it is below a mark. */
char *path_root(const char *dir);
/* The first mark in the path, or NULL. */
const char *path_mark(const char *path);
/* The directory that `path` is in, in a new string (NULL when out of memory). */
char *path_parent(const char *path);
/* What follows the last '/' of a path, borrowed: "c.pt" of "a/c.pt". */
const char *path_last(const char *path);

/* Whether a name that somebody else chose may become part of the name of a file: it can lead into
 * no other directory, hides nothing, and a shell or a script need not quote it. Every such name is
 * asked this, and where it is not so, refused or replaced, never cleaned up in silence. */
bool path_name_valid(const char *name);
enum { PATH_NAME_MOST = 200 }; /* bytes: leaves room for what is put before and behind */
#define PATH_NAME_RULE "use letters, digits and . _ + = , - (at most 200, no dot first)"

#endif

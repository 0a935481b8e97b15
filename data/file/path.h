/* path: names of files, as strings; nothing here looks at the disk. */
#ifndef SKEIN_PATH_H
#define SKEIN_PATH_H

#include <stdbool.h>

/* dir + "/" + name in a new string (NULL when out of memory). An absolute `name` is returned as
 * it is. */
char *path_join(const char *dir, const char *name);
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

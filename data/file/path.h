/* path: names of files, as strings; nothing here looks at the disk. */
#ifndef SKEIN_PATH_H
#define SKEIN_PATH_H

/* dir + "/" + name in a new string (NULL when out of memory). An absolute `name` is returned as
 * it is. */
char *path_join(const char *dir, const char *name);
/* The directory that `path` is in, in a new string (NULL when out of memory). */
char *path_parent(const char *path);
/* What follows the last '/' of a path, borrowed: "c.pt" of "a/c.pt". */
const char *path_last(const char *path);

#endif

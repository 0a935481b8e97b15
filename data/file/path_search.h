/* path_search: where a path that a file names leads. It is looked for beside that file, so that a
 * file and what it names may move together, and then in the working directory. */
#ifndef SKEIN_PATH_SEARCH_H
#define SKEIN_PATH_SEARCH_H

typedef enum PathFound {
  PATH_GIVEN,   /* absolute: nothing was looked for */
  PATH_BESIDE,  /* beside the file */
  PATH_DOUBLE,  /* the same, and the working directory has another of its name */
  PATH_WORKING, /* only in the working directory */
  PATH_NOWHERE, /* in neither */
} PathFound;

/* The path that `name` means in the file `file`, in a new string; NULL when out of memory. What is
 * nowhere is taken as of the working directory. "a/../b" is said as "b" where that is
 * the same. ~ is read as by path_expand. */
char *path_search(const char *file, const char *name, PathFound *found);

/* `path` in a new string, $HOME in the place of a ~ that is its first name; NULL when out of
 * memory. Where $HOME is no absolute path the ~ stays. */
char *path_expand(const char *path);

#endif

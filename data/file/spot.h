/* spot: the place that a path names, as an open directory and a name in it. Internal to the room:
 * whatever it opens, makes, renames or removes, it does at a spot, so that the rule of path.h
 * (below a mark no link is followed) is written once. */
#ifndef SKEIN_SPOT_H
#define SKEIN_SPOT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "autograd/ground/status.h"

typedef struct Spot {
  int dir;          /* of the *at calls; AT_FDCWD when the path has no mark */
  const char *name; /* in the path that was opened; never has a slash below a mark */
  bool below;       /* a link of this name may not be followed */
} Spot;

/* 0, or -1 with errno: ELOOP for a link below the mark, EINVAL for a `..` or a slash at the end
 * there. The path must outlive the spot. */
int spot_open(Spot *s, const char *path);
void spot_close(Spot *s); /* keeps errno */

/* The calls of the same names; links are followed where the path has no mark. -1 with errno. */
int spot_open_file(const Spot *s, int flags, mode_t mode);
int spot_stat(const Spot *s, struct stat *info);
/* Removes the temporaries of outputs of this name that processes which run no more have left. */
void spot_sweep(const Spot *s);
/* Both at once. */
int path_open(const char *path, int flags, mode_t mode);
int path_stat(const char *path, struct stat *info);

/* Begins with ~, which those who write a path into a configuration expect to be their home. */
bool path_is_home(const char *path);
#define PATH_HOME_RULE "~ is read by shells, and not in quotes or behind =; write the path out"

/* The failure that errno tells; a link below the mark is named, and a ~ that is no home. */
Status path_failure(const char *path, Status status, const char *what, Error *err);

#endif

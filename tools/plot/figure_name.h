/* figure_name: the names of files of figures that are named after methods and tasks. */
#ifndef SKEIN_FIGURE_NAME_H
#define SKEIN_FIGURE_NAME_H

#include <stdbool.h>

#include "autograd/ground/status.h"
#include "tools/plot/plot.h"

/* "modules-glider-boolq": the kind of the figure and two names (b NULL: one). Where they cannot be
 * part of a file's name (path_name_valid), or `shared` says that other names make the same, what
 * cannot be becomes a dash and 8 digits of their SHA-256 end the name, so that no figure takes the
 * files of another. */
Status figure_name(char out[FIGURE_NAME], const char *kind, const char *a, const char *b,
                   bool shared, Error *err);

#endif

/* loss_table: losses of examples as they are kept on disk, from the first example on.
 *
 *   {format: "skein-losses", version: 1, identity, losses: [number, ...]}
 *
 * `identity` is a SHA-256 of all that the numbers, and what is made of them, depend on. Numbers have 15
 * digits; who goes on from a table has the same ones as who made it only if he rounds his, too. */
#ifndef SKEIN_LOSS_TABLE_H
#define SKEIN_LOSS_TABLE_H

#include <stdint.h>

#include "autograd/ground/status.h"

/* Reads *count losses, at most `most`, into loss [most]; where there is no file, none. A table of
 * another identity is STATUS_MISMATCH, one of more or of what is no loss STATUS_INPUT. */
Status loss_table_read(const char *path, const char *identity, double *loss, int64_t most,
                       int64_t *count, Error *err);
Status loss_table_write(const char *path, const char *identity, const double *loss, int64_t count,
                        Error *err);
/* A loss as a table has it. */
double loss_table_round(double loss);

#endif

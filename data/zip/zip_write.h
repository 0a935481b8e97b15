/* zip_write: zip archives of members that are stored as they are, with zlib's CRC-32. For
 * torch_write.c. */
#ifndef SKEIN_ZIP_WRITE_H
#define SKEIN_ZIP_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "autograd/ground/status.h"

enum { ZIP_ALIGN = 64 }; /* data of members begin at multiples of it, as torch.save has them */

typedef struct ZipPlace {
  char *name;
  uint32_t crc;
  uint32_t size;
  uint64_t at; /* of its header in the file */
} ZipPlace;

typedef struct ZipWriter {
  FILE *out;        /* borrowed; errors of writing are left to who commits it */
  const char *path; /* borrowed, for messages */
  uint64_t at;      /* bytes written */
  ZipPlace *member;
  size_t count;
} ZipWriter;

void zip_writer_init(ZipWriter *z, FILE *out, const char *path);
/* A member; one of 4 GiB is STATUS_RUN. */
Status zip_writer_add(ZipWriter *z, const char *name, const void *data, size_t size, Error *err);
/* The directory at the end. */
void zip_writer_finish(ZipWriter *z);
void zip_writer_free(ZipWriter *z);

#endif

/* byte_hash: 64 bits that stand for some bytes, to find equal ones by: FNV-1a, and the last mixing of
 * MurmurHash3. Who may gain by two texts with one hash can make them: for names and contents of files
 * there is SHA-256 (data/file/hash.h). */
#ifndef SKEIN_BYTE_HASH_H
#define SKEIN_BYTE_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t byte_hash(const void *bytes, size_t size) {
  const unsigned char *p = bytes;
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 0x100000001b3u;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
  return h ^ (h >> 33);
}

#endif

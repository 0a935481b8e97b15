#include "data/file/hash.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"

struct Hash {
  EVP_MD_CTX *digest;
};

void hash_set_memory(const HashMemory *memory) {
  int set = CRYPTO_set_mem_functions(memory->take, memory->change, memory->give);
  assert(set == 1); /* it is refused only once something was allocated */
  (void)set;
  /* What it would do at the exit takes memory, and could end a program in the midst of ending. */
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

Hash *hash_new(void) {
  Hash *hash = malloc(sizeof *hash);
  if (!hash) return NULL;
  hash->digest = EVP_MD_CTX_new();
  if (hash->digest && EVP_DigestInit_ex(hash->digest, EVP_sha256(), NULL) == 1) return hash;
  EVP_MD_CTX_free(hash->digest);
  free(hash);
  return NULL;
}

/* Once begun, SHA-256 in memory has no way to fail; libcrypto reports only misuse. */
static void must_succeed(int ok) {
  assert(ok == 1);
  (void)ok;
}

void hash_add(Hash *hash, const void *data, size_t size) {
  must_succeed(EVP_DigestUpdate(hash->digest, data, size));
}

void hash_add_string(Hash *hash, const char *text) {
  uint64_t size = strlen(text);
  unsigned char length[8];
  for (int i = 0; i < 8; i++) length[i] = (unsigned char)(size >> (8 * i));
  hash_add(hash, length, sizeof length);
  hash_add(hash, text, (size_t)size);
}

void hash_finish(Hash *hash, char hex[HASH_HEX]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  must_succeed(EVP_DigestFinal_ex(hash->digest, bytes, &size));
  assert(size == (HASH_HEX - 1) / 2);
  for (unsigned int i = 0; i < size; i++) {
    hex[2 * i] = digits[bytes[i] >> 4];
    hex[2 * i + 1] = digits[bytes[i] & 15];
  }
  hex[2 * size] = '\0';
  EVP_MD_CTX_free(hash->digest);
  free(hash);
}

bool hash_valid(const char *text) {
  return strlen(text) == HASH_HEX - 1 && strspn(text, "0123456789abcdef") == HASH_HEX - 1;
}

Status hash_file(const char *path, char hex[HASH_HEX], Error *err) {
  MappedFile file;
  TRY(mapped_open(&file, path, err));
  Hash *hash = hash_new();
  Status status = STATUS_OK;
  if (hash) {
    hash_add(hash, file.data, file.size);
    hash_finish(hash, hex);
    status = mapped_unchanged(&file, err);
  } else {
    status = error_set(err, STATUS_RUN, "%s: out of memory: SHA-256", path);
  }
  mapped_close(&file);
  return status;
}

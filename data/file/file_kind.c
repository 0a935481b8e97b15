/* Words for what a file begins like, for the message about one that is not what was wanted. */
#include <string.h>
#include <strings.h>

#include "data/file/file.h"

typedef struct Kind {
  const char *begin; /* first bytes; letters in either case */
  size_t size;
  const char *what;
} Kind;

#define KIND(begin, what) \
  { begin, sizeof(begin) - 1, what }

#define BARE_PICKLE                                                                                \
  "a bare Python pickle, a program that only Python runs; if you trust it, load it in Python and " \
  "torch.save or save_file its tensors"
#define POINTER "version https://git-lfs"

static const Kind KINDS[] = {
    KIND(POINTER, "a Git LFS pointer; run `git lfs pull`"),
    KIND("<!doctype", "an HTML page; download the file itself"),
    KIND("<html", "an HTML page; download the file itself"),
    KIND("<?xml", "an XML document; download the file itself"),
    KIND("{", "JSON text"),
    KIND("PK\3\4", "a zip archive, as PyTorch writes"),
    KIND("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e",
         "a pickle by PyTorch before 1.6; in Python, torch.load it with weights_only=True and "
         "torch.save it again"),
    KIND("\x80\x02", BARE_PICKLE),
    KIND("\x80\x03", BARE_PICKLE),
    KIND("\x80\x04", BARE_PICKLE),
    KIND("\x80\x05", BARE_PICKLE),
    KIND("GGUF", "a GGUF file"),
    KIND("\x0a\x0e\x0a\x05<pad>", "a SentencePiece model; skein tokens reads it with its folder"),
    KIND("\x1f\x8b", "compressed by gzip; decompress it"),
    KIND("\x28\xb5\x2f\xfd", "compressed by zstd; decompress it"),
};

const char *file_kind(const unsigned char *data, size_t size) {
  for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
    const Kind *k = &KINDS[i];
    if (size >= k->size && strncasecmp((const char *)data, k->begin, k->size) == 0) return k->what;
  }
  return NULL;
}

/* Its second line says the object that it stands for; a text may begin with the words of the first. */
bool file_is_pointer(const char *text, size_t size) {
  return size >= strlen(POINTER) && memcmp(text, POINTER, strlen(POINTER)) == 0 &&
         memmem(text, size, "\noid ", strlen("\noid "));
}

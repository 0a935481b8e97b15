#include "data/file/known_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/spot.h"

static const char HEAD[] = "skein-hashes 1\n";

/* A file as it was when it was read. */
typedef struct Known {
  uint64_t device, inode, size;
  int64_t written, changed; /* nanoseconds */
  char hex[HASH_HEX];       /* "": not known */
} Known;

struct KnownHashes {
  char *folder, *path; /* of the cache's file; NULL: there can be none */
  Known *old;          /* [olds] as remembered, by device and inode */
  size_t olds;
  Known *now; /* [files] as found in this run */
  size_t files;
};

static Status no_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory: the hashes of its files", dir);
}

static int64_t nanoseconds(struct timespec t) {
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static Known known_of(const struct stat *info) {
  return (Known){.device = info->st_dev,
                 .inode = info->st_ino,
                 .size = (uint64_t)info->st_size,
                 .written = nanoseconds(info->st_mtim),
                 .changed = nanoseconds(info->st_ctim)};
}

static int compare_files(const void *a, const void *b) {
  const Known *x = a, *y = b;
  if (x->device != y->device) return x->device < y->device ? -1 : 1;
  return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static bool same_state(const Known *a, const Known *b) {
  return compare_files(a, b) == 0 && a->size == b->size && a->written == b->written &&
         a->changed == b->changed;
}

/* ---- the cache's file ---- */

/* Belongs to this user, and no one else may write it. */
static bool is_ours(const struct stat *info) {
  return info->st_uid == geteuid() && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The environment says by an absolute path where caches are; others are to be passed over. */
static bool is_absolute(const char *path) {
  return path && path[0] == '/';
}

static bool has_cache(void) {
  return is_absolute(getenv("XDG_CACHE_HOME")) || is_absolute(getenv("HOME"));
}

static char *cache_folder(void) {
  const char *cache = getenv("XDG_CACHE_HOME");
  return is_absolute(cache) ? path_join(cache, "skein") : path_join(getenv("HOME"), ".cache/skein");
}

static Status name_cache(KnownHashes *k, const char *dir, Error *err) {
  struct stat info;
  char *folder = NULL;
  if (path_stat(dir, &info) != 0 || !has_cache()) return STATUS_OK;
  folder = cache_folder();
  if (folder && asprintf(&k->path, "%s" PATH_MARK "hashes-%jx-%jx", folder, (uintmax_t)info.st_dev,
                         (uintmax_t)info.st_ino) < 0)
    k->path = NULL;
  k->folder = folder;
  return folder && k->path ? STATUS_OK : no_memory(dir, err);
}

static bool folder_is_ours(const KnownHashes *k) {
  struct stat info;
  return stat(k->folder, &info) == 0 && S_ISDIR(info.st_mode) && is_ours(&info);
}

/* One line; false for one that the program did not write. */
static bool parse_line(const char *line, Known *known) {
  int end = 0;
  int fields =
      sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 " %64[0-9a-f]%n",
             &known->device, &known->inode, &known->size, &known->written, &known->changed,
             known->hex, &end);
  return fields == 6 && strlen(known->hex) == HASH_HEX - 1 && line[end] == '\0';
}

/* Takes over the lines of a text that is whole; none of another. */
static Status parse_text(KnownHashes *k, char *text, Error *err) {
  size_t lines = 0;
  if (strncmp(text, HEAD, strlen(HEAD)) != 0) return STATUS_OK;
  for (const char *c = text; *c; c++) lines += *c == '\n';
  k->old = calloc(lines, sizeof *k->old);
  if (!k->old) return no_memory(k->path, err);
  text += strlen(HEAD);
  for (char *line; (line = strsep(&text, "\n")) != NULL && text;) {
    if (parse_line(line, &k->old[k->olds++])) continue;
    k->olds = 0;
    return STATUS_OK;
  }
  qsort(k->old, k->olds, sizeof *k->old, compare_files);
  return STATUS_OK;
}

static Status read_cache(KnownHashes *k, Error *err) {
  enum { BYTES_MAX = 64 << 20 };
  struct stat info;
  char *text;
  size_t size;
  if (!k->path || !folder_is_ours(k)) return STATUS_OK;
  if (path_stat(k->path, &info) != 0 || !is_ours(&info) || info.st_size > BYTES_MAX)
    return STATUS_OK;
  Error why = {0};
  if (file_read(k->path, BYTES_MAX, &text, &size, &why) != STATUS_OK)
    return why.status == STATUS_RUN ? error_set(err, STATUS_RUN, "%s", why.text) : STATUS_OK;
  Status status = parse_text(k, text, err);
  free(text);
  return status;
}

Status known_hashes_open(KnownHashes **out, const char *dir, size_t files, Error *err) {
  KnownHashes *k = *out = calloc(1, sizeof *k);
  if (!k) return no_memory(dir, err);
  k->now = calloc(files + 1, sizeof *k->now);
  k->files = files;
  Status status = k->now ? name_cache(k, dir, err) : no_memory(dir, err);
  if (status == STATUS_OK) status = read_cache(k, err);
  if (status == STATUS_OK) return STATUS_OK;
  known_hashes_close(k);
  *out = NULL;
  return status;
}

/* ---- hashing ---- */

static const Known *find_old(const KnownHashes *k, const Known *file) {
  return k->olds ? bsearch(file, k->old, k->olds, sizeof *k->old, compare_files) : NULL;
}

/* Its times are too young for the next change to move them. */
static bool is_racy(const Known *known, int64_t now) {
  const int64_t tick = INT64_C(3) * 1000000000; /* the coarsest clock of a file system has 2 s */
  return known->written > now - tick || known->changed > now - tick;
}

Status known_hash(KnownHashes *k, size_t i, const char *path, char hex[HASH_HEX], Error *err) {
  struct stat info;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (path_stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return hash_file(path, hex, err);
  Known known = known_of(&info);
  const Known *old = find_old(k, &known);
  if (old && same_state(old, &known)) {
    memcpy(hex, old->hex, HASH_HEX);
    k->now[i] = *old;
    return STATUS_OK;
  }
  TRY(hash_file(path, hex, err));
  if (path_stat(path, &info) != 0) return STATUS_OK;
  Known after = known_of(&info);
  if (is_racy(&known, nanoseconds(now)) || !same_state(&known, &after)) return STATUS_OK;
  memcpy(known.hex, hex, HASH_HEX);
  k->now[i] = known;
  return STATUS_OK;
}

/* ---- remembering ---- */

/* What was remembered and not asked for in this run, which may have opened a part. */
static bool is_superseded(const KnownHashes *k, const Known *old) {
  return bsearch(old, k->now, k->files, sizeof *old, compare_files) != NULL;
}

static void put_line(FILE *f, const Known *x) {
  fprintf(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %s\n", x->device,
          x->inode, x->size, x->written, x->changed, x->hex);
}

/* All of this run, and of earlier ones as much again: what is older is of files that are gone. */
static void put_lines(FILE *f, KnownHashes *k) {
  size_t kept = 0;
  fputs(HEAD, f);
  for (size_t i = 0; i < k->files; i++) {
    if (k->now[i].hex[0]) put_line(f, &k->now[i]);
  }
  qsort(k->now, k->files, sizeof *k->now, compare_files);
  for (size_t i = 0; i < k->olds && kept < k->files; i++) {
    if (is_superseded(k, &k->old[i])) continue;
    put_line(f, &k->old[i]);
    kept++;
  }
}

/* The folder, for this user alone. */
static bool make_folder(const KnownHashes *k) {
  char *cache = path_parent(k->folder);
  bool made = cache && dir_make(cache, NULL) == STATUS_OK &&
              (mkdir(k->folder, 0700) == 0 || errno == EEXIST) && folder_is_ours(k);
  free(cache);
  return made;
}

static void write_cache(KnownHashes *k) {
  AtomicFile file;
  if (!make_folder(k) || atomic_open(&file, k->path, NULL) != STATUS_OK) return;
  put_lines(file.stream, k);
  if (atomic_commit(&file, NULL) != STATUS_OK) return;
  int fd = path_open(k->path, O_RDONLY, 0);
  if (fd >= 0 && fchmod(fd, 0600) != 0) file_remove(k->path, NULL);
  if (fd >= 0) close(fd);
}

/* Something in this run is not as it was remembered. */
static bool has_news(const KnownHashes *k) {
  for (size_t i = 0; i < k->files; i++) {
    const Known *x = &k->now[i];
    if (!x->hex[0]) continue;
    const Known *old = find_old(k, x);
    if (!old || !same_state(old, x)) return true;
  }
  return false;
}

void known_hashes_close(KnownHashes *k) {
  if (!k) return;
  if (k->path && has_news(k)) write_cache(k);
  free(k->folder);
  free(k->path);
  free(k->old);
  free(k->now);
  free(k);
}

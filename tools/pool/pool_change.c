#include "tools/pool/pool_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/console.h"

static const char JOURNAL[] = "experts/.changing";

static Status no_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

/* ---- begin ---- */

static Status make_experts(const char *dir, Error *err) {
  char *path = path_below(dir, "experts");
  Status status = path ? dir_make(path, err) : no_memory(dir, err);
  free(path);
  return status;
}

Status pool_change_folder(const PoolManifest *m, const PoolEntry *old, PoolEntry *entry,
                          Error *err) {
  bool taken = true;
  for (entry->replaced = old ? old->replaced + 1 : 0; taken; entry->replaced += taken) {
    char folder[POOL_FOLDER_MAX], *path;
    if (entry->replaced > POOL_REPLACED_MAX)
      return error_set(err, STATUS_RUN, "%s: expert '%s': has no folder left", m->dir, entry->name);
    pool_folder(entry, folder);
    if (asprintf(&path, "%s" PATH_MARK "experts/%s", m->dir, folder) < 0)
      return no_memory(m->dir, err);
    Status status = file_look(path, &taken, err);
    if (status == STATUS_OK && taken)
      console_note(NULL, "%s/experts/%s: is there and not listed; it is left alone", m->dir,
                   folder);
    free(path);
    TRY(status);
  }
  return STATUS_OK;
}

/* The folders, one a line, in a new string; NULL when out of memory. */
static char *journal_text(const PoolEntry *const *entry, int count) {
  char *text = calloc((size_t)count + 1, POOL_FOLDER_MAX + 1), *at = text;
  for (int i = 0; text && i < count; i++) {
    char folder[POOL_FOLDER_MAX];
    if (!entry[i]) continue;
    pool_folder(entry[i], folder);
    at += sprintf(at, "%s\n", folder);
  }
  return text;
}

Status pool_change_begin(const PoolManifest *m, const PoolEntry *const *entry, int count,
                         Error *err) {
  TRY(make_experts(m->dir, err));
  char *path = path_below(m->dir, JOURNAL), *text = journal_text(entry, count);
  Status status = path && text ? file_write(path, text, strlen(text), err) : no_memory(m->dir, err);
  free(path);
  free(text);
  return status;
}

/* ---- finish ---- */

/* A name that pool_folder may have made: the files of a pool may be of a stranger. */
static bool is_folder(const char *folder) {
  char name[POOL_FOLDER_MAX];
  size_t size = strcspn(folder, "+");
  if (size >= sizeof name) return false;
  memcpy(name, folder, size);
  name[size] = '\0';
  const char *number = folder + size + (folder[size] == '+');
  bool numbered = *number && number[strspn(number, "0123456789")] == '\0' && strlen(number) <= 7;
  return pool_name_valid(name) && (folder[size] == '\0' || numbered);
}

static bool is_listed(const PoolManifest *m, const char *folder) {
  for (int i = 0; i < m->count; i++) {
    char name[POOL_FOLDER_MAX];
    pool_folder(&m->entry[i], name);
    if (strcmp(name, folder) == 0) return true;
  }
  return false;
}

static Status drop_folder(const PoolManifest *m, const char *folder, Error *err) {
  char *path;
  if (is_listed(m, folder)) return STATUS_OK;
  if (asprintf(&path, "%s" PATH_MARK "experts/%s", m->dir, folder) < 0)
    return no_memory(m->dir, err);
  Status status = dir_remove(path, err);
  free(path);
  return status;
}

static Status drop_folders(const PoolManifest *m, const char *journal, char *text, Error *err) {
  for (char *line; (line = strsep(&text, "\n")) != NULL;) {
    if (!*line) continue;
    if (!is_folder(line)) {
      return error_set(err, STATUS_INPUT, "%s: '%.120s' is no folder of an expert; remove the file",
                       journal, line);
    }
    TRY(drop_folder(m, line, err));
  }
  return file_remove(journal, err);
}

static Status finish(const char *dir, const char *journal, Error *err) {
  enum { BYTES_MAX = 1 << 24 };
  PoolManifest m;
  char *text;
  size_t size;
  TRY(file_read(journal, BYTES_MAX, &text, &size, err));
  Status status = manifest_read(&m, dir, err);
  if (status == STATUS_OK) {
    status = drop_folders(&m, journal, text, err);
    manifest_free(&m);
  }
  free(text);
  return status;
}

Status pool_change_finish(const char *dir, Error *err) {
  char *journal = path_below(dir, JOURNAL);
  if (!journal) return no_memory(dir, err);
  bool there;
  Status status = file_look(journal, &there, err);
  if (status == STATUS_OK && there) status = finish(dir, journal, err);
  free(journal);
  return status;
}

/* ---- under the lock ---- */

static void tell_waiting(void *arg, const char *line) {
  (void)arg;
  console_note(NULL, "%s", line);
}

LockWait pool_wait(void) {
  return (LockWait){.seconds = 30, .tell = tell_waiting};
}

Status pool_change(const char *dir, PoolEdit *edit, void *arg, Error *err) {
  Lock *lock;
  PoolManifest m = {0};
  const LockWait wait = pool_wait();
  TRY(pool_lock(&lock, dir, &wait, err));
  Status status = pool_change_finish(dir, err);
  if (status == STATUS_OK) status = manifest_read(&m, dir, err);
  if (status == STATUS_OK) status = edit(&m, arg, err);
  manifest_free(&m);
  lock_release(lock);
  return status;
}

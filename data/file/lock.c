#include "data/file/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "data/file/path.h"
#include "data/file/spot.h"

enum { HOLDER_MAX = 160 };
static const double TELL_AFTER = 0.5;    /* seconds */
static const char SIGNED[] = "process "; /* what the text of a lock begins with */

struct Lock {
  int fd;
};

/* ---- who holds it ---- */

/* The text of the file is a message for people: nothing depends on its being there. */
static bool write_text(int fd, const char *text) {
  ssize_t size = (ssize_t)strlen(text);
  return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)size, 0) == size;
}

static void sign(int fd) {
  char host[HOST_NAME_MAX + 1] = "", since[32] = "", line[HOLDER_MAX];
  time_t now = time(NULL);
  struct tm utc;
  gethostname(host, sizeof host - 1);
  if (gmtime_r(&now, &utc)) strftime(since, sizeof since, "%F %T UTC", &utc);
  snprintf(line, sizeof line, "%s%jd on %.64s since %s\n", SIGNED, (intmax_t)getpid(), host, since);
  write_text(fd, line);
}

/* Whether nobody but a holder has written it: another file of that name is somebody's. */
static bool is_lock(int fd) {
  char text[sizeof SIGNED - 1];
  ssize_t size = pread(fd, text, sizeof text, 0);
  return size == 0 || (size == (ssize_t)sizeof text && memcmp(text, SIGNED, sizeof text) == 0);
}

/* What the holder wrote; "" when it has not yet. */
static const char *read_holder(int fd, char holder[HOLDER_MAX]) {
  ssize_t size = pread(fd, holder, HOLDER_MAX - 1, 0);
  holder[size > 0 ? size : 0] = '\0';
  holder[strcspn(holder, "\n")] = '\0';
  return holder;
}

/* The message of a refusal, or of waiting: `what` may go on after the holder. */
static Status say(const char *path, const char *does, const char *holder, const char *what,
                  Error *err) {
  char *dir = path_parent(path);
  error_set(err, STATUS_RUN, "%s: another process %s%s%s%s; %s", dir ? dir : path, does,
            *holder ? " (" : "", holder, *holder ? ")" : "", what);
  free(dir);
  return STATUS_RUN;
}

/* ---- taking ---- */

typedef enum Try { TRY_HELD, TRY_ELSEWHERE, TRY_GONE, TRY_FAILED } Try;

/* Held, if the locked file is still the one that the path names. */
static Try check_name(int fd, const char *path) {
  struct stat locked, named;
  if (fstat(fd, &locked) != 0) return TRY_FAILED;
  if (path_stat(path, &named) != 0) return errno == ENOENT ? TRY_GONE : TRY_FAILED;
  bool same = locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
  return same ? TRY_HELD : TRY_GONE;
}

static Try try_lock(int fd, const char *path) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? TRY_ELSEWHERE : TRY_FAILED;
  return check_name(fd, path);
}

/* Opens the lock and tries once; *fd is open after TRY_HELD and TRY_ELSEWHERE. */
static Try open_and_try(const char *path, int *fd, Error *err) {
  *fd = path_open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (*fd < 0) {
    path_failure(path, STATUS_RUN, "cannot open", err);
    return TRY_FAILED;
  }
  struct stat info;
  bool regular = fstat(*fd, &info) == 0 && S_ISREG(info.st_mode);
  if (!regular) error_set(err, STATUS_RUN, "%s: is not a regular file", path);
  Try result = regular ? try_lock(*fd, path) : TRY_FAILED;
  if (result == TRY_HELD && !is_lock(*fd)) {
    error_set(err, STATUS_RUN, "%s: is no lock, and nothing of it is overwritten; move it away",
              path);
    result = TRY_FAILED;
  }
  if (result == TRY_FAILED) error_set_errno(err, STATUS_RUN, "%s: cannot lock", path);
  if (result == TRY_HELD || result == TRY_ELSEWHERE) return result;
  close(*fd);
  *fd = -1;
  return result;
}

static double clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static Status take(int *fd, const char *path, const char *does, const LockWait *wait, Error *err) {
  const struct timespec pause = {.tv_nsec = 50000000};
  const double begun = clock_now(), until = begun + (wait ? wait->seconds : 0);
  bool told = false;
  for (;;) {
    char holder[HOLDER_MAX];
    Error line = {0};
    Try result = open_and_try(path, fd, err);
    if (result == TRY_HELD) sign(*fd);
    if (result == TRY_HELD) return STATUS_OK;
    if (result == TRY_FAILED) return STATUS_RUN;
    if (result == TRY_GONE) continue; /* its holder is done with it */
    read_holder(*fd, holder);
    close(*fd);
    if (clock_now() >= until) return say(path, does, holder, "try again when it is done", err);
    if (!told && wait->tell && clock_now() > begun + TELL_AFTER) {
      say(path, does, holder, "waiting for it", &line);
      wait->tell(wait->arg, line.text);
      told = true;
    }
    nanosleep(&pause, NULL);
  }
}

Status lock_take(Lock **lock, const char *path, const char *does, const LockWait *wait,
                 Error *err) {
  *lock = malloc(sizeof **lock);
  if (!*lock) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = take(&(*lock)->fd, path, does, wait, err);
  if (status == STATUS_OK) return STATUS_OK;
  free(*lock);
  *lock = NULL;
  return status;
}

Status lock_look(const char *path, const char *does, Error *err) {
  int fd = path_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return STATUS_OK;
  if (fd < 0) return path_failure(path, STATUS_RUN, "cannot open", err);
  char holder[HOLDER_MAX];
  const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (held) say(path, does, read_holder(fd, holder), "try again when it is done", err);
  close(fd);
  return held ? STATUS_RUN : STATUS_OK;
}

void lock_release(Lock *lock) {
  if (!lock) return;
  write_text(lock->fd, "");
  close(lock->fd);
  free(lock);
}

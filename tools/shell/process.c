#include "tools/shell/process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void process_calm_threads(char *const argv[]) {
  if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
  if (setenv("GOMP_SPINCOUNT", "1000", 0) == 0 && setenv("OPENBLAS_NUM_THREADS", "1", 0) == 0)
    execv("/proc/self/exe", argv);
}

void process_end(const char *line, Status status) {
  static atomic_flag ending = ATOMIC_FLAG_INIT;
  while (atomic_flag_test_and_set(&ending)) pause();
  ssize_t ignored = write(STDERR_FILENO, line, strlen(line));
  (void)ignored;
  _exit((int)status);
}

/* It is there, as far as can be told: what execvp would pass over is not. */
static bool is_program(const char *path) {
  struct stat st;
  if (stat(path, &st) == 0) return S_ISREG(st.st_mode) && access(path, X_OK) == 0;
  return errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ESTALE &&
         errno != ENODEV && errno != ETIMEDOUT;
}

bool process_find(const char *name, char path[PATH_MAX]) {
  const char *list = getenv("PATH");
  while (list && *list) {
    size_t n = strcspn(list, ":");
    int size = snprintf(path, PATH_MAX, "%.*s%s%s", (int)n, list, n ? "/" : "", name);
    if (size < PATH_MAX && is_program(path)) return true;
    list += n + (list[n] == ':');
  }
  return false;
}

/* Reads to the end and keeps the last line, where programs say why they stopped. */
static void read_last_line(FILE *in, ProcessResult *result) {
  char line[sizeof result->line];
  while (fgets(line, sizeof line, in)) {
    size_t n = strlen(line);
    while (n && isspace((unsigned char)line[n - 1])) line[--n] = '\0';
    if (n) memcpy(result->line, line, n + 1);
  }
}

static int spawn_program(char *const argv[], const char *dir, int output, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  int code = posix_spawn_file_actions_init(&actions);
  if (code) return code;
  if (dir) code = posix_spawn_file_actions_addchdir_np(&actions, dir);
  if (!code) code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (!code) code = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (!code) code = posix_spawn_file_actions_adddup2(&actions, output, 2);
  if (!code) code = posix_spawn(pid, argv[0], &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

Status process_run(char *const argv[], const char *dir, ProcessResult *result, Error *err) {
  *result = (ProcessResult){0};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return error_set_errno(err, STATUS_RUN, "%s", argv[0]);
  pid_t pid;
  int code = spawn_program(argv, dir, ends[1], &pid);
  close(ends[1]);
  FILE *in = code ? NULL : fdopen(ends[0], "r");
  if (in) {
    read_last_line(in, result);
    fclose(in);
  } else {
    close(ends[0]);
  }
  if (code) {
    errno = code;
    return error_set_errno(err, STATUS_RUN, "%s: cannot be run", argv[0]);
  }
  int status;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return error_set_errno(err, STATUS_RUN, "%s", argv[0]);
  }
  result->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return STATUS_OK;
}

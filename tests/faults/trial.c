#include "tests/faults/trial.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tests/faults/tree.h"

Words words_of(const char *text) {
  Words w = {0};
  char *copy = strdup(text);
  for (char *word; (word = strsep(&copy, " ")) != NULL && w.count < TRIAL_WORDS - 2;) {
    if (*word) w.word[w.count++] = word;
  }
  return w;
}

static FaultBoard *map_board(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(FaultBoard)) != 0) exit(99);
  void *board = mmap(NULL, sizeof(FaultBoard), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (board == MAP_FAILED) exit(99);
  close(fd);
  return board;
}

Place place_open(const char *root, const char *program, const char *shim) {
  Error err = {0};
  must(dir_make(root, &err), &err);
  Place p = {.program = strdup(program),
             .shim = strdup(shim),
             .state = path_join(root, "state"),
             .cache = path_join(root, "cache"),
             .out = path_join(root, "out"),
             .err = path_join(root, "err"),
             .board_path = path_join(root, "board")};
  p.board = map_board(p.board_path);
  return p;
}

static void set_environment(const Place *p) {
  char *temporary = path_join(p->state, "tmp");
  setenv("LD_PRELOAD", p->shim, 1);
  setenv("FAULT_BOARD", p->board_path, 1);
  setenv("XDG_CACHE_HOME", p->cache, 1);
  setenv("TMPDIR", temporary, 1);
  setenv("OMP_WAIT_POLICY", "passive", 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
}

static void become(const Place *p, const Words *words) {
  Words command = {.word = {p->program}};
  memcpy(command.word + 1, words->word, (size_t)words->count * sizeof *words->word);
  int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int out = open(p->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int err = open(p->err, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || chdir(p->state) != 0) _exit(99);
  set_environment(p);
  execv(p->program, command.word);
  _exit(99);
}

/* The exit code of a child that ends within seconds; others are killed. */
static int wait_for(pid_t child, bool *hung) {
  enum { SECONDS = 20, STEPS = 2000 };
  int status;
  struct timespec pause = {.tv_nsec = 1000000};
  time_t until = time(NULL) + SECONDS;
  while (waitpid(child, &status, WNOHANG) == 0) {
    nanosleep(&pause, NULL);
    if (time(NULL) <= until) continue;
    *hung = true;
    kill(child, SIGKILL);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *text_of(const char *path) {
  Error err = {0};
  char *text;
  size_t size;
  must(file_read(path, 16 << 20, &text, &size, &err), &err);
  return text;
}

Outcome place_run(const Place *p, const Words *words) {
  Outcome o = {0};
  for (int i = 0; i < FAULT_KINDS; i++) atomic_store(&p->board->seen[i], 0);
  atomic_store(&p->board->hits, 0);
  memset(p->board->call, 0, sizeof p->board->call);
  pid_t child = fork();
  if (child == 0) become(p, words);
  o.code = wait_for(child, &o.hung);
  o.out = text_of(p->out);
  o.err = text_of(p->err);
  return o;
}

void outcome_free(Outcome *o) {
  free(o->out);
  free(o->err);
  *o = (Outcome){0};
}

/* shim: loaded before a program (LD_PRELOAD), makes the call that the board names fail, or kills.
 *
 * Every system call that libc makes and the table lists is trapped by a filter of the kernel and
 * arrives here as a signal: those in the inside of stdio, of directories and of malloc, too, which
 * no wrapper of a function would see. The filter stays when another program is run; it traps only
 * calls from where libc lies in this process, and another has its libc elsewhere. */
#include "tests/faults/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static FaultBoard *board;

/* ---- the calls ---- */

#define BIT(kind) (1U << FAULT_##kind)
#define KILLS     (BIT(KILL) | BIT(KILL_AFTER))
#define READS     (BIT(EIO) | BIT(EINTR) | BIT(SHORT))
#define WRITES    (READS | BIT(ENOSPC) | KILLS | BIT(KILL_HALF))
#define OPENS     (BIT(EIO) | BIT(EMFILE) | BIT(EINTR) | BIT(ENOSPC) | KILLS)
#define GROWS     (BIT(EIO) | BIT(ENOSPC) | KILLS)
#define CHANGES   (BIT(EIO) | KILLS)

const ShimCall SHIM_CALLS[] = {
    {SYS_open, "open", OPENS},
    {SYS_openat, "openat", OPENS},
    {SYS_read, "read", READS},
    {SYS_pread64, "pread", READS},
    {SYS_write, "write", WRITES},
    {SYS_pwrite64, "pwrite", WRITES},
    {SYS_writev, "writev", BIT(EIO) | BIT(ENOSPC) | BIT(EINTR) | KILLS},
    {SYS_fsync, "fsync", GROWS | BIT(EINTR)},
    {SYS_fdatasync, "fdatasync", GROWS | BIT(EINTR)},
    {SYS_close, "close", BIT(EIO) | BIT(EINTR)},
    {SYS_ftruncate, "ftruncate", GROWS | BIT(EINTR)},
    {SYS_rename, "rename", GROWS},
    {SYS_renameat, "renameat", GROWS},
    {SYS_renameat2, "renameat2", GROWS},
    {SYS_link, "link", GROWS},
    {SYS_linkat, "linkat", GROWS},
    {SYS_mkdir, "mkdir", GROWS},
    {SYS_mkdirat, "mkdirat", GROWS},
    {SYS_unlink, "unlink", CHANGES},
    {SYS_unlinkat, "unlinkat", CHANGES},
    {SYS_rmdir, "rmdir", CHANGES},
    {SYS_fchmod, "fchmod", CHANGES},
    {SYS_stat, "stat", BIT(EIO)},
    {SYS_lstat, "lstat", BIT(EIO)},
    {SYS_fstat, "fstat", BIT(EIO)},
    {SYS_newfstatat, "newfstatat", BIT(EIO)},
    {SYS_access, "access", BIT(EIO)},
    {SYS_faccessat, "faccessat", BIT(EIO)},
    {SYS_faccessat2, "faccessat2", BIT(EIO)},
    {SYS_getdents64, "getdents64", BIT(EIO)},
    {SYS_lseek, "lseek", BIT(EIO)},
    {SYS_readlink, "readlink", BIT(EIO)},
    {SYS_flock, "flock", BIT(EIO) | BIT(EINTR)},
    {SYS_getrandom, "getrandom", BIT(EIO)},
    {SYS_pipe2, "pipe2", BIT(EMFILE)},
    {SYS_execve, "execve", BIT(EIO)},
    {SYS_mmap, "mmap", BIT(NO_MAP)},
    {SYS_rt_sigprocmask, "rt_sigprocmask", 0},
    {SYS_rt_sigaction, "rt_sigaction", 0},
};
const int SHIM_CALL_COUNT = sizeof SHIM_CALLS / sizeof *SHIM_CALLS;

static const ShimCall *find_call(long number) {
  const ShimCall *call = SHIM_CALLS;
  while (call->number != number) call++;
  return call;
}

static bool takes_descriptor(long number) {
  return number == SYS_read || number == SYS_write || number == SYS_writev || number == SYS_close;
}

/* What can happen to this call. Nothing where the error itself is said. */
static unsigned kinds_of(const ShimCall *call, const long arg[6]) {
  unsigned kinds = call->kinds;
  bool opens = call->number == SYS_open || call->number == SYS_openat;
  long flags = call->number == SYS_open ? arg[1] : arg[2];
  if (opens && !(flags & O_CREAT)) kinds &= ~(KILLS | BIT(ENOSPC));
  if (takes_descriptor(call->number) && arg[0] == STDERR_FILENO) return 0;
  if (takes_descriptor(call->number) && arg[0] == STDOUT_FILENO) kinds &= ~(KILLS | BIT(KILL_HALF));
  /* OpenMP ends a program by itself, in its own words, where a thread has no stack. */
  if (call->number == SYS_mmap && (arg[3] & MAP_STACK)) return 0;
  if (arg[2] < 2) kinds &= ~(BIT(SHORT) | BIT(KILL_HALF));
  return kinds;
}

/* ---- faults ---- */

static void note_hit(const char *name) {
  if (atomic_fetch_add(&board->hits, 1) > 0) return;
  for (size_t i = 0; i + 1 < sizeof board->call && name[i]; i++) board->call[i] = name[i];
}

/* Counts the call for each of its kinds; it is the one that the board names, or after it. */
static bool is_meant(unsigned kinds) {
  bool meant = false;
  for (int kind = 0; kind < FAULT_KINDS; kind++) {
    if (!(kinds & 1U << kind)) continue;
    long n = atomic_fetch_add(&board->seen[kind], 1) + 1;
    bool named = board->at > 0 && (int)board->kind == kind;
    if (named && (n == board->at || (board->forever && n > board->at))) meant = true;
  }
  return meant;
}

bool shim_memory_fails(void) {
  if (!board || !is_meant(BIT(NO_MEMORY))) return false;
  note_hit("malloc");
  errno = ENOMEM;
  return true;
}

static void die(void) {
  shim_system_call(SYS_kill, (long[6]){shim_system_call(SYS_getpid, (long[6]){0}), SIGKILL});
}

static long inject(const ShimCall *call, const long arg[6]) {
  static const int ERROR[FAULT_KINDS] = {[FAULT_EIO] = EIO,
                                         [FAULT_ENOSPC] = ENOSPC,
                                         [FAULT_EMFILE] = EMFILE,
                                         [FAULT_EINTR] = EINTR,
                                         [FAULT_NO_MAP] = ENOMEM};
  FaultKind kind = board->kind;
  long half[6] = {arg[0], arg[1], arg[2] / 2, arg[3], arg[4], arg[5]}, result = 0;
  note_hit(call->name);
  if (kind == FAULT_KILL) die();
  if (kind == FAULT_SHORT || kind == FAULT_KILL_HALF) result = shim_system_call(call->number, half);
  if (kind == FAULT_KILL_AFTER) shim_system_call(call->number, arg);
  if (kind == FAULT_KILL_AFTER || kind == FAULT_KILL_HALF) die();
  if (!ERROR[kind]) return result;
  /* A descriptor is gone even when closing it failed. */
  if (call->number == SYS_close) shim_system_call(SYS_close, arg);
  return -ERROR[kind];
}

/* ---- the signal ---- */

static void change_mask(ucontext_t *at, const long arg[6]) {
  sigset_t *now = &at->uc_sigmask;
  uint64_t mask, set;
  memcpy(&mask, now, sizeof mask);
  if (arg[2]) memcpy((void *)arg[2], &mask, sizeof mask);
  if (!arg[1]) return;
  memcpy(&set, (const void *)arg[1], sizeof set);
  if (arg[0] == SIG_BLOCK) mask |= set;
  if (arg[0] == SIG_UNBLOCK) mask &= ~set;
  if (arg[0] == SIG_SETMASK) mask = set;
  mask &= ~(UINT64_C(1) << (SIGSYS - 1)); /* who blocks it would die of the next call */
  memcpy(now, &mask, sizeof mask);
}

static void on_trap(int signal, siginfo_t *info, void *context) {
  (void)signal;
  ucontext_t *at = context;
  greg_t *reg = at->uc_mcontext.gregs;
  const long arg[6] = {reg[REG_RDI], reg[REG_RSI], reg[REG_RDX],
                       reg[REG_R10], reg[REG_R8],  reg[REG_R9]};
  const ShimCall *call = find_call(info->si_syscall);
  if (call->number == SYS_rt_sigprocmask) {
    change_mask(at, arg);
    reg[REG_RAX] = 0;
  } else if (call->number == SYS_rt_sigaction && arg[0] == SIGSYS) {
    reg[REG_RAX] = 0;
  } else {
    bool meant = is_meant(kinds_of(call, arg));
    reg[REG_RAX] = meant ? inject(call, arg) : shim_system_call(call->number, arg);
  }
}

/* Programs that this one runs are not meant. */
static void leave_environment(void) {
  unsetenv("LD_PRELOAD");
  unsetenv("FAULT_BOARD");
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULT_BOARD");
  if (!path) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  void *data = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || data == MAP_FAILED) shim_give_up("the board cannot be mapped");
  close(fd);
  leave_environment();
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSYS, &action, NULL);
  shim_set_filter();
  board = data;
}

#include <errno.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/faults/shim.h"

long shim_system_call(long number, const long arg[6]) {
  long result;
  register long r10 __asm__("r10") = arg[3];
  register long r8 __asm__("r8") = arg[4];
  register long r9 __asm__("r9") = arg[5];
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

void shim_give_up(const char *why) {
  fprintf(stderr, "shim: %s: %s\n", why, strerror(errno));
  _exit(99);
}

/* Where the instructions of libc lie, in units of 64 KiB: numbers of 32 bits, which is what a filter
 * computes with. What lies in the same units before and behind them are constants of libc. */
typedef struct Range {
  uint32_t begin, end;
} Range;
enum { UNIT = 16 };

static int find_libc(struct dl_phdr_info *info, size_t size, void *arg) {
  (void)size;
  Range *range = arg;
  const char *name = strrchr(info->dlpi_name, '/');
  if (!name || strncmp(name, "/libc.so", strlen("/libc.so")) != 0) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    uint64_t begin = info->dlpi_addr + part->p_vaddr, end = begin + part->p_memsz;
    *range = (Range){(uint32_t)(begin >> UNIT), (uint32_t)(end >> UNIT) + 1};
  }
  return 1;
}

#define LOAD(field)                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP(test, value, yes, no) BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), (yes), (no))

/* Trap where the call is from libc and one of the table, else allow. The processor is the one that
 * this was compiled for: programs of another are not run by the tests. */
void shim_set_filter(void) {
  enum { HEAD = 10, CODE_MAX = 128 };
  Range libc = {0};
  if (!dl_iterate_phdr(find_libc, &libc) || !libc.begin) shim_give_up("there is no libc");
  struct sock_filter code[CODE_MAX] = {
      LOAD(instruction_pointer) /* its low half */,
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, UNIT),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
      BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, UNIT),
      BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0),
      SKIP(BPF_JGE, libc.begin, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      SKIP(BPF_JGE, libc.end, (uint8_t)(SHIM_CALL_COUNT + 1), 0),
      LOAD(nr),
  };
  unsigned short size = HEAD;
  for (int i = 0; i < SHIM_CALL_COUNT; i++) {
    uint8_t trap = (uint8_t)(SHIM_CALL_COUNT - i);
    code[size++] = (struct sock_filter)SKIP(BPF_JEQ, (uint32_t)SHIM_CALLS[i].number, trap, 0);
  }
  code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  struct sock_fprog filter = {size, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    shim_give_up("the kernel takes no filter");
}

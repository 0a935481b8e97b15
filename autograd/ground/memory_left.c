#include "autograd/ground/memory_left.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files in which a version of control groups says what it bounds. */
typedef struct GroupFiles {
  const char *mount; /* below /sys/fs/cgroup */
  const char *most, *used, *swap_most, *swap_used;
  const char *cached; /* the line of memory.stat with what could be given back */
} GroupFiles;

static const GroupFiles VERSION_1 = {
    "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", NULL, NULL, "total_inactive_file"};
static const GroupFiles VERSION_2 = {
    "", "memory.max", "memory.current", "memory.swap.max", "memory.swap.current", "inactive_file"};

/* ---- numbers in files ---- */

/* The number behind `key` in a file of lines "KEY NUMBER" or "KEY: NUMBER", with "" the number that
 * the file begins with; NAN where it has none ("max"). */
static double read_number(const char *path, const char *key) {
  FILE *f = fopen(path, "re");
  char line[256];
  double number = NAN;
  size_t n = strlen(key);
  while (f && isnan(number) && fgets(line, sizeof line, f)) {
    if (strncmp(line, key, n) != 0 || (n && !strchr(": ", line[n]))) continue;
    char *end, *from = line + n + (line[n] == ':');
    double value = strtod(from, &end);
    if (end > from) number = value;
  }
  if (f) fclose(f);
  return number;
}

/* DIR/FILE; the file may be NULL. */
static double group_number(const char *dir, const char *file, const char *key) {
  char *path = NULL;
  if (!file || asprintf(&path, "%s/%s", dir, file) < 0) return NAN;
  double number = read_number(path, key);
  free(path);
  return number;
}

/* ---- control groups ---- */

static double smaller(double a, double b) {
  return b < a ? b : a; /* a, where b is NAN */
}

static void bound_by_group(MemoryLeft *left, const GroupFiles *files, const char *dir) {
  double most = group_number(dir, files->most, "");
  double used = group_number(dir, files->used, "");
  double cached = group_number(dir, "memory.stat", files->cached);
  double there = most - used + (isnan(cached) ? 0 : cached);
  if (isnan(there)) return;
  bool bounds = there < left->memory;
  left->memory = fmax(smaller(left->memory, there), 1);
  double swap = group_number(dir, files->swap_most, "") - group_number(dir, files->swap_used, "");
  if (bounds && !files->swap_most) swap = 0; /* version 1 counts both together elsewhere */
  left->swap = fmax(smaller(left->swap, swap), 0);
}

/* The group of that path, and those that it is in. In a container the path may be one outside of it:
 * then nothing is there before its beginning. */
static void bound_by_groups(MemoryLeft *left, const GroupFiles *files, const char *root,
                            char *path) {
  for (;;) {
    char *dir = NULL;
    if (asprintf(&dir, "%s/sys/fs/cgroup%s%s", root, files->mount, path) < 0) return;
    bound_by_group(left, files, dir);
    free(dir);
    char *slash = strrchr(path, '/');
    if (!slash) return;
    *slash = '\0';
  }
}

/* A line of /proc/self/cgroup: NUMBER:CONTROLLERS:PATH, without controllers of version 2. */
static void bound_by_line(MemoryLeft *left, const char *root, char *line) {
  line[strcspn(line, "\n")] = '\0';
  char *controllers = strchr(line, ':');
  char *path = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!path) return;
  *controllers++ = *path++ = '\0';
  char *rest = NULL;
  bool memory = false;
  bool second = *controllers == '\0';
  for (char *name = strtok_r(controllers, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
    memory |= strcmp(name, "memory") == 0;
  if (memory || second) bound_by_groups(left, second ? &VERSION_2 : &VERSION_1, root, path);
}

/* ---- all ---- */

MemoryLeft memory_left_below(const char *root) {
  MemoryLeft left = {0};
  char *path = NULL, *line = NULL;
  size_t room = 0;
  if (asprintf(&path, "%s/proc", root) < 0) return left;
  left.memory = 1024 * group_number(path, "meminfo", "MemAvailable");
  left.swap = 1024 * group_number(path, "meminfo", "SwapFree");
  free(path);
  if (isnan(left.memory)) return (MemoryLeft){0};
  if (isnan(left.swap)) left.swap = 0;
  if (asprintf(&path, "%s/proc/self/cgroup", root) < 0) return left;
  FILE *groups = fopen(path, "re");
  while (groups && getline(&line, &room, groups) > 0) bound_by_line(&left, root, line);
  if (groups) fclose(groups);
  free(line);
  free(path);
  return left;
}

MemoryLeft memory_left(void) {
  return memory_left_below("");
}

/* ---- enough ---- */

Status memory_require(double bytes, MemoryLeft left, const char *what, const char *remedy,
                      Error *err) {
  const double gib = 1 << 30;
  double there = left.memory + left.swap;
  if (left.memory <= 0 || bytes <= there) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: needs about %.1f GiB of memory, and %.1f GiB are left; %s",
                   what, bytes / gib, there / gib, remedy);
}

/* skein doctor: what is under the program on this machine, and what could be better. */
#include <limits.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "autograd/ground/version.h"
#include "autograd/kernel/kernels.h"
#include "autograd/product/blas.h"
#include "tools/cmd/commands.h"
#include "tools/shell/arguments.h"
#include "tools/shell/console.h"
#include "tools/shell/facts.h"
#include "tools/shell/machine.h"
#include "tools/shell/process.h"

static void add_program(Facts *f) {
  json_t *o = facts_object(f, f->root, "skein");
  facts_set(f, o, "version", facts_text(version_text()));
  facts_set(f, o, "compiler", facts_text("gcc " __VERSION__));
#if defined __AVX512F__
  facts_set(f, o, "built_for", facts_text("x86-64 with AVX-512"));
#elif defined __AVX2__
  facts_set(f, o, "built_for", facts_text("x86-64 with AVX2"));
#elif defined __x86_64__
  facts_set(f, o, "built_for", facts_text("any x86-64"));
#elif defined __aarch64__
  facts_set(f, o, "built_for", facts_text("aarch64"));
#else
  facts_set(f, o, "built_for", facts_text("a processor without kernels of its own"));
#endif
}

/* ---- the machine ---- */

/* The value of the first line "key : value" of a file under /proc; "" when there is none. */
static void proc_value(const char *path, const char *key, char *value, size_t size) {
  *value = '\0';
  FILE *in = fopen(path, "re");
  if (!in) return;
  char line[512];
  while (!*value && fgets(line, sizeof line, in)) {
    size_t n = strlen(key);
    if (strncmp(line, key, n) != 0) continue;
    const char *p = line + n + strspn(line + n, " \t");
    if (*p != ':') continue;
    p += 1 + strspn(p + 1, " \t");
    snprintf(value, size, "%.*s", (int)strcspn(p, "\n"), p);
  }
  fclose(in);
}

/* A line of /proc/meminfo in bytes; 0 when it is not there. */
static long long memory_of(const char *key) {
  char text[64];
  proc_value("/proc/meminfo", key, text, sizeof text);
  return 1024 * strtoll(text, NULL, 10);
}

static int usable_cores(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

static bool has_avx2(void) {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx2");
#else
  return false;
#endif
}

static void add_features(Facts *f, json_t *list) {
  (void)f, (void)list;
#ifdef __x86_64__
#define FEATURE(name) \
  if (__builtin_cpu_supports(name)) facts_append(f, list, json_string(name))
  FEATURE("avx");
  FEATURE("avx2");
  FEATURE("fma");
  FEATURE("avx512f");
  FEATURE("avx512bw");
  FEATURE("avx512vl");
  FEATURE("avx512vnni");
  FEATURE("avx512bf16");
#undef FEATURE
#endif
}

static void add_machine(Facts *f) {
  char model[256];
  proc_value("/proc/cpuinfo", "model name", model, sizeof model);
  json_t *o = facts_object(f, f->root, "machine");
  facts_set(f, o, "cpu", *model ? facts_text(model) : json_null());
  facts_set(f, o, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
  facts_set(f, o, "usable_cores", json_integer(usable_cores()));
  add_features(f, facts_array(f, o, "features"));
  facts_set(f, o, "memory_bytes", json_integer(memory_of("MemTotal")));
  facts_set(f, o, "available_memory_bytes", json_integer((json_int_t)machine_memory_available()));
}

/* ---- kernels ---- */

static void add_kernels(Facts *f) {
  const Kernels *used = kernels_default();
  json_t *o = facts_object(f, f->root, "kernels");
  facts_set(f, o, "used", facts_text(used->name));
  facts_set(f, o, "bf16", facts_text(used->tile_bf16 ? "yes" : "no: these kernels have none"));
  json_t *list = facts_array(f, f->root, "tables of kernels");
  for (int i = 0; kernels_list(i); i++) {
    json_t *row = facts_row(f, list);
    facts_set(f, row, "name", facts_text(kernels_list(i)->name));
    facts_set(f, row, "runs here",
              facts_text(kernels_runnable(kernels_list(i)) ? "yes" : "no: this processor cannot"));
  }
  facts_set(f, o, "gradients of weights", facts_text("OpenBLAS"));
}

/* ---- libraries ---- */

static void add_openblas(Facts *f) {
  json_t *o = facts_object(f, f->root, "openblas");
  facts_set(f, o, "build", facts_text(blas_config()));
  facts_set(f, o, "kernel", facts_text(blas_kernel()));
  facts_set(f, o, "threading", facts_text(blas_threading()));
  facts_set(f, o, "used", facts_text("single-threaded calls from skein's own threads"));
}

typedef struct LibraryList {
  Facts *facts;
  json_t *array;
} LibraryList;

/* One loaded object; the name of the file a library's links end at carries its version. */
static int add_library(struct dl_phdr_info *info, size_t size, void *arg) {
  (void)size;
  static const char *const ours[] = {"openblas", "yaml",   "jansson",
                                     "zstd",     "crypto", "sentencepiece"};
  LibraryList *list = arg;
  const char *name = strrchr(info->dlpi_name, '/');
  for (size_t i = 0; name && i < sizeof ours / sizeof *ours; i++) {
    if (strncmp(name + 1, "lib", 3) != 0 || strncmp(name + 4, ours[i], strlen(ours[i])) != 0)
      continue;
    char file[PATH_MAX];
    if (!realpath(info->dlpi_name, file)) snprintf(file, sizeof file, "%s", info->dlpi_name);
    json_t *row = facts_row(list->facts, list->array);
    facts_set(list->facts, row, "library", facts_text(ours[i]));
    facts_set(list->facts, row, "file", facts_text(file));
    break;
  }
  return 0;
}

static bool add_gnuplot(Facts *f, Error *err) {
  char path[PATH_MAX];
  bool found = process_find("gnuplot", path);
  json_t *o = facts_object(f, f->root, "gnuplot");
  facts_set(f, o, "file", found ? facts_text(path) : json_null());
  ProcessResult result = {0};
  char *argv[] = {path, "--version", NULL};
  if (found && process_run(argv, NULL, &result, err) == STATUS_OK)
    facts_set(f, o, "version", facts_text(result.line));
  return found;
}

/* ---- advice ---- */

/* OpenBLAS 0.3.21 waits for ever for a buffer that it cannot get. */
static bool address_space_is_short(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
         limit.rlim_cur < (1ULL << 30) * (unsigned long long)(usable_cores() + 1);
}

static bool kernel_is_generic(void) {
  static const char *const generic[] = {"Prescott", "Core2", "Generic", "Katmai", "Nehalem"};
  for (size_t i = 0; i < sizeof generic / sizeof *generic; i++) {
    if (strcasecmp(blas_kernel(), generic[i]) == 0) return has_avx2();
  }
  return false;
}

static void add_advice(Facts *f, bool gnuplot) {
  json_t *list = facts_array(f, f->root, "advice");
  if (!gnuplot)
    facts_append(f, list,
                 facts_text("gnuplot is missing: skein plot writes data and scripts but draws no "
                            "figures (apt-get install gnuplot-nox)"));
  if (kernel_is_generic())
    facts_append(f, list,
                 facts_text("OpenBLAS runs a kernel for old processors though this one has AVX2; "
                            "is OPENBLAS_CORETYPE set?"));
  if (address_space_is_short())
    facts_append(f, list,
                 facts_text("the address space is limited (ulimit -v); OpenBLAS hangs when it "
                            "cannot get its buffers"));
  if (machine_memory_available() < 1LL << 30)
    facts_append(f, list, facts_text("less than 1 GiB of memory is free"));
}

/* For people the advice comes last, one line each. */
static Status print_for_people(Facts *f, Error *err) {
  json_t *advice = json_incref(json_object_get(f->root, "advice"));
  json_object_del(f->root, "advice");
  Status status = facts_print(f, false, err);
  putchar('\n');
  if (json_array_size(advice) == 0) puts("nothing to improve");
  for (size_t i = 0; i < json_array_size(advice); i++)
    console_say("advice: %s", json_string_value(json_array_get(advice, i)));
  json_decref(advice);
  return status;
}

static const Argument ROWS[] = {{"json", .type = ARGUMENT_SWITCH}};
static const ArgumentTable ARGUMENTS = {ROWS, 1};

static int run_doctor(int argc, char **argv, Error *err) {
  bool as_json = false;
  TRY(arguments_read(&ARGUMENTS, 0, &as_json, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 0, 0, "", err));
  Facts f = facts_new();
  add_program(&f);
  add_machine(&f);
  add_kernels(&f);
  add_openblas(&f);
  LibraryList list = {&f, facts_array(&f, f.root, "libraries")};
  dl_iterate_phdr(add_library, &list);
  add_advice(&f, add_gnuplot(&f, err));
  Status status = as_json ? facts_print(&f, true, err) : print_for_people(&f, err);
  facts_free(&f);
  return status;
}

const Command command_doctor = {
    .name = "doctor",
    .summary = "what this machine and this build offer, with advice",
    .usage =
        "Examples:\n"
        "  skein doctor                              a report to read\n"
        "  skein doctor --json | jq .openblas        the same for a program\n"
        "\n"
        "Usage: skein doctor [--json]\n"
        "\n"
        "Shows the version, the processor, memory, which OpenBLAS and which other libraries\n"
        "are loaded, and whether gnuplot is there. It changes nothing.\n"
        "\n"
        "  --json   print one JSON object\n",
    .run = run_doctor,
    .arguments = &ARGUMENTS,
};

#include "autograd/kernel/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const Kernels kernels_portable;
#ifdef __x86_64__
extern const Kernels kernels_avx2, kernels_avx512, kernels_avx512_bf16;

/* Levels of x86-64. Older clang does not know them by name; what tells one from the level below. */
#define HAS(feature) __builtin_cpu_supports(feature)
#if defined __clang__ && __clang_major__ < 18
#define LEVEL_3 (HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma"))
#define LEVEL_4                                                                          \
  (LEVEL_3 && HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") && \
   HAS("avx512vl"))
#else
#define LEVEL_3 HAS("x86-64-v3")
#define LEVEL_4 HAS("x86-64-v4")
#endif
#endif

const Kernels *kernels_list(int i) {
  static const Kernels *const all[] = {
      &kernels_portable,
#ifdef __x86_64__
      &kernels_avx2,
      &kernels_avx512,
      &kernels_avx512_bf16,
#endif
  };
  return i < (int)(sizeof all / sizeof *all) ? all[i] : NULL;
}

bool kernels_runnable(const Kernels *k) {
#ifdef __x86_64__
  if (k == &kernels_avx2) return LEVEL_3;
  if (k == &kernels_avx512) return LEVEL_4;
  if (k == &kernels_avx512_bf16) return LEVEL_4 && HAS("avx512bf16");
#endif
  return k == &kernels_portable;
}

static const Kernels *best(void) {
  const Kernels *found = NULL;
  for (int i = 0; kernels_list(i); i++)
    if (kernels_runnable(kernels_list(i))) found = kernels_list(i);
  return found;
}

static const Kernels *named(const char *name) {
  for (int i = 0; name && kernels_list(i); i++)
    if (strcmp(kernels_list(i)->name, name) == 0) return kernels_list(i);
  return NULL;
}

const Kernels *kernels_default(void) {
  const Kernels *asked = named(getenv("SKEIN_KERNEL"));
  return asked && kernels_runnable(asked) ? asked : best();
}

static Status no_such_kernels(const char *name, Error *err) {
  char all[128] = "";
  for (int i = 0; kernels_list(i); i++) {
    size_t at = strlen(all);
    snprintf(all + at, sizeof all - at, "%s%s", i > 0 ? ", " : "", kernels_list(i)->name);
  }
  return error_set(err, STATUS_USAGE, "SKEIN_KERNEL: there are no kernels '%s'; this build has %s",
                   name, all);
}

Status kernels_check(Error *err) {
  const char *name = getenv("SKEIN_KERNEL");
  if (!name || !*name) return STATUS_OK;
  const Kernels *asked = named(name);
  if (!asked) return no_such_kernels(name, err);
  if (kernels_runnable(asked)) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "SKEIN_KERNEL: this processor cannot run the kernels '%s'; the best it can are '%s'", name,
      best()->name);
}

Status kernels_require_bf16(const Kernels *k, const char *key, Error *err) {
  if (k->tile_bf16) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "%s: bf16 needs a processor with AVX-512 BF16, and its kernels; these are '%s'; use "
      "f32",
      key, k->name);
}

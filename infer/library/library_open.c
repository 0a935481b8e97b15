/* Opening what a handle holds. */
#include <stdlib.h>
#include <string.h>

#include "infer/library/library.h"
#include "infer/route/router_options.h"

#define AT(field) offsetof(LibrarySettings, field)
enum { COUNT_MOST = 1 << 30 };

static const Option OPTIONS[] = {
    {"threads", OPTION_INT, AT(threads), "2", 1, COUNT_MOST, .help = "threads of a call"},
    {"precision", OPTION_CHOICE, AT(precision), "f32", .choices = "f32|bf16",
     .help = "of products with weights"},
    {"verify", OPTION_BOOL, AT(verify), "true",
     .help = "compare the files of the pool with pool.yaml"},
    {"max_input", OPTION_INT, AT(max_input), "512", 1, COUNT_MOST,
     .help = "tokens of an input, EOS included"},
    {"max_target", OPTION_INT, AT(max_target), "512", 1, COUNT_MOST,
     .help = "tokens of a choice, EOS included"},
    {"max_output", OPTION_INT, AT(max_output), "64", 1, COUNT_MOST,
     .help = "tokens generated, EOS included"},
    {"batch_tokens", OPTION_INT, AT(batch_tokens), "4096", 1, COUNT_MOST,
     .help = "tokens in one forward"},
    {"beams", OPTION_INT, AT(beams), "1", 1, COUNT_MOST, .help = "beams of the search; 1: greedy"},
    {"length_penalty", OPTION_REAL, AT(length_penalty), "1",
     .help = "beams are ranked by log-likelihood / length^penalty"},
    {"generation_config", OPTION_BOOL, AT(generation_config), "true",
     .help = "take what the base's generation_config.json says"},
};
enum { OPTION_COUNT = sizeof OPTIONS / sizeof *OPTIONS };

static bool is_own(const char *assignment) {
  size_t n = strcspn(assignment, "=");
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    if (strlen(OPTIONS[i].key) == n && strncmp(OPTIONS[i].key, assignment, n) == 0) return true;
  }
  return false;
}

static Status read_settings(Skein *s, const char *const *settings, Error *err) {
  TRY(options_init(&s->set, OPTIONS, OPTION_COUNT, &s->own, err));
  TRY(router_settings_init(&s->router_set, &s->router_settings, err));
  for (; settings && *settings; settings++) {
    TRY(options_assign(is_own(*settings) ? &s->set : &s->router_set, *settings, err));
  }
  const LibrarySettings *own = &s->own;
  s->settings = (PredictSettings){.threads = (int)own->threads,
                                  .precision = (Precision)own->precision,
                                  .max_input = own->max_input,
                                  .max_target = own->max_target,
                                  .max_output = own->max_output,
                                  .batch_tokens = own->batch_tokens,
                                  .beams = (int)own->beams,
                                  .length_penalty = own->length_penalty};
  return STATUS_OK;
}

static Status open_base(Skein *s, const char *base, const char *pool, Error *err) {
  PoolManifest manifest = {0};
  if (base) return base_open(&s->base, base, err);
  if (!pool) return error_set(err, STATUS_USAGE, "base and pool are NULL; want one of them");
  TRY(manifest_read(&manifest, pool, err));
  Status status = manifest_base(&manifest, NULL, &base, err);
  if (status == STATUS_OK) status = base_open(&s->base, base, err);
  manifest_free(&manifest);
  return status;
}

static Status open_pool(Skein *s, const char *pool, Error *err) {
  bool lowered;
  TRY(base_sample(&s->base, err));
  TRY((s->own.verify ? pool_open : pool_open_as_is)(&s->pool, pool, &s->base.model->modules,
                                                    s->base.sample, s->router_settings.only, err));
  TRY(router_settings_fit(&s->router_set, &s->router_settings, pool_count(s->pool), &lowered, err));
  return router_open(&s->router, &s->router_settings, s->pool, &s->base, (int)s->own.threads, err);
}

SkeinStatus skein_open(Skein **skein, const char *base, const char *pool,
                       const char *const *settings, SkeinError *error) {
  Call call = call_begin();
  Skein *s = *skein = calloc(1, sizeof *s);
  Status status =
      s ? STATUS_OK : error_set(&call.error, STATUS_RUN, "out of memory: opening skein");
  if (status == STATUS_OK) status = read_settings(s, settings, &call.error);
  if (status == STATUS_OK) status = open_base(s, base, pool, &call.error);
  if (status == STATUS_OK && pool) status = open_pool(s, pool, &call.error);
  if (status != STATUS_OK) {
    skein_close(s);
    *skein = NULL;
  }
  return call_end(&call, status, error);
}

void skein_close(Skein *skein) {
  if (!skein) return;
  router_close(skein->router);
  pool_close(skein->pool);
  generation_config_free(&skein->generation);
  base_close(&skein->base);
  options_free(&skein->router_set);
  options_free(&skein->set);
  free(skein);
}

int skein_experts(const Skein *skein) {
  return skein->pool ? pool_count(skein->pool) : 0;
}

const char *skein_expert(const Skein *skein, int expert) {
  if (expert < 0 || expert >= skein_experts(skein)) return NULL;
  return pool_entry(skein->pool, expert)->name;
}

int skein_modules(const Skein *skein) {
  return skein->base.model->modules.count;
}

const char *skein_module(const Skein *skein, int module) {
  if (module < 0 || module >= skein_modules(skein)) return NULL;
  return skein->base.model->modules.module[module].name;
}

/* logo: the experts that answer the whole input most strongly, or most surely, found by one forward
 * of the prompt before the one that counts (LoGo; Lee et al. 2025, arXiv 2511.07129, section 3).
 *
 * With h what one module, logo.module, reads at the last token of the prompt,
 *
 *   P_i = s_i B_i A_i h
 *   score_i = |P_i|                                          logo.by: norm
 *           = 1 / (H(softmax P_i) + 1e-6), H in nats         logo.by: entropy
 *
 * The top_k experts with the largest scores run for all of the input with weights in proportion to
 * their scores. The paper's module is the query projection of the last block of a decoder-only model
 * and its k is 20 of 260. Of an encoder-decoder the prompt is what the encoder reads, so the module is
 * that projection of the last encoder block and the last token the end of the input. The released
 * code lets all experts run in the probing forward, each with its full update, and so does
 * logo.probe: all; it takes for h the state before the block's norm, where this takes what the module
 * reads. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "infer/route/route_examples.h"

typedef enum LogoBy { LOGO_NORM, LOGO_ENTROPY } LogoBy;
typedef enum LogoProbe { PROBE_ALL, PROBE_BASE } LogoProbe;

typedef struct LogoSettings {
  int by;       /* logo.by: LogoBy */
  int probe;    /* logo.probe: LogoProbe */
  char *module; /* logo.module; NULL: the last q of the prompt's side */
} LogoSettings;

static const Option OPTION[] = {
    {"logo.by", OPTION_CHOICE, offsetof(LogoSettings, by), "norm", 0, 0, "norm|entropy", false,
     "what experts make of the probed token: its length, or how sure its softmax is"},
    {"logo.module", OPTION_STRING, offsetof(LogoSettings, module), NULL, 0, 0, NULL, false,
     "where the prompt is probed; unset: the q of the encoder's last block"},
    {"logo.probe", OPTION_CHOICE, offsetof(LogoSettings, probe), "all", 0, 0, "all|base", false,
     "what runs in the probing forward: all experts (LoGo's code), or the base alone"},
};
static const SettingsGroup SETTINGS = {OPTION, sizeof OPTION / sizeof *OPTION,
                                       sizeof(LogoSettings)};

static const double ENTROPY_EPS = 1e-6;

typedef struct Logo {
  Pool *pool;
  int by, probe, top_k;
  int module;      /* that is probed */
  LowRank *factor; /* [experts] there */
} Logo;

/* ---- opening ---- */

static void logo_close(void *self) {
  Logo *m = self;
  free(m->factor);
  free(m);
}

/* The probing forward reads the prompt with the encoder alone, without the keys and values that
 * cross-attention makes of it. */
static bool is_encoders(const Module *m) {
  return m->side == SIDE_PROMPT && strncmp(m->name, "encoder.", strlen("encoder.")) == 0;
}

static Status find_module(const Modules *modules, const char *name, int *found, Error *err) {
  *found = -1;
  for (int i = 0; i < modules->count; i++) {
    const Module *m = &modules->module[i];
    bool named = name ? strcmp(m->name, name) == 0 : strcmp(module_last_part(m->name), "q") == 0;
    if (named && is_encoders(m)) *found = i;
  }
  if (*found >= 0) return STATUS_OK;
  if (!name)
    return error_set(err, STATUS_USAGE,
                     "logo.module: is not set, and the base's encoder has no module called q; name "
                     "one of its modules");
  return error_set(err, STATUS_USAGE,
                   "logo.module: '%s' is no module of the encoder, where the prompt is probed%s",
                   name,
                   modules_find(modules, name) ? ", but of the decoder"
                                               : "; `skein inspect` of an "
                                                 "expert lists modules");
}

static Status read_factors(Logo *m, Error *err) {
  const Module *module = &pool_modules(m->pool)->module[m->module];
  m->factor = calloc((size_t)pool_count(m->pool), sizeof *m->factor);
  if (!m->factor) return error_set(err, STATUS_RUN, "out of memory: a router");
  for (int i = 0; i < pool_count(m->pool); i++) {
    TRY(pool_factor(m->pool, i, m->module, &m->factor[i], err));
    if (m->factor[i].a) continue;
    return error_set(err, STATUS_MISMATCH,
                     "%s: router logo probes %s, where the expert '%s' has no adapter; name a "
                     "module that all have with logo.module, or leave it out with `only`",
                     pool_dir(m->pool), module->name, pool_entry(m->pool, i)->name);
  }
  return STATUS_OK;
}

static Status logo_check(const RouterSettings *s, Error *err) {
  if (s->top_p >= 1) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "top_p: router logo weighs by scores; set top_k");
}

static Status logo_open(void **self, const RouteParts *parts, Error *err) {
  const LogoSettings *s = router_own(parts->settings, &SETTINGS);
  Logo *m = *self = calloc(1, sizeof *m);
  if (!m) return error_set(err, STATUS_RUN, "out of memory: a router");
  m->pool = parts->pool;
  m->by = s->by;
  m->probe = s->probe;
  m->top_k = (int)parts->settings->top_k;
  TRY(find_module(pool_modules(parts->pool), s->module, &m->module, err));
  return read_factors(m, err);
}

/* ---- probing ---- */

/* H(softmax p) = log sum exp(p - max) - sum (p - max) softmax */
static double entropy_of(const double *p, int64_t n) {
  double most = -INFINITY, sum = 0, mean = 0;
  for (int64_t i = 0; i < n; i++) most = fmax(most, p[i]);
  for (int64_t i = 0; i < n; i++) {
    double e = exp(p[i] - most);
    sum += e;
    mean += e * (p[i] - most);
  }
  return log(sum) - mean / sum;
}

static double norm_of(const double *p, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += p[i] * p[i];
  return sqrt(sum);
}

/* p [d_out] = s B A h; u [r] is scratch. */
static void project(const LowRank *f, const float *h, double *u, double *p) {
  for (int64_t k = 0; k < f->a->rows; k++) {
    u[k] = 0;
    for (int64_t j = 0; j < f->a->cols; j++)
      u[k] += (double)f->a->data[k * f->a->cols + j] * (double)h[j];
  }
  for (int64_t i = 0; i < f->b->rows; i++) {
    p[i] = 0;
    for (int64_t k = 0; k < f->a->rows; k++) p[i] += (double)f->b->data[i * f->a->rows + k] * u[k];
    p[i] *= (double)f->scale;
  }
}

typedef struct Probing {
  const Logo *method;
  const RouteCall *call;
  int64_t room;    /* doubles of scratch a thread */
  double *scratch; /* [threads, room] */
  double *score;   /* [examples, experts] */
} Probing;

static void probe_one(void *arg, int64_t task, int worker) {
  const Probing *w = arg;
  const int experts = pool_count(w->method->pool);
  const int64_t sequence = task / experts;
  const LowRank *f = &w->method->factor[task % experts];
  const Tensor *x = w->call->x;
  const int64_t last = w->call->rows->sequence.offset[sequence + 1] - 1;
  double *u = w->scratch + worker * w->room, *p = u + f->a->rows;
  project(f, x->data + last * x->cols, u, p);
  w->score[task] = w->method->by == LOGO_NORM ? norm_of(p, f->b->rows)
                                              : 1 / (entropy_of(p, f->b->rows) + ENTROPY_EPS);
}

/* Every example is a sequence of the prompt. */
static void weigh_examples(Context *c, const Logo *m, const RouteCall *call) {
  const int experts = pool_count(m->pool);
  const int64_t examples = call->rows->sequence.count, tasks = examples * experts;
  assert(examples == call->batch->examples && !call->rows->source);
  ArenaMark mark = arena_mark(c->arena);
  Probing w = {
      .method = m, .call = call, .room = pool_max_rank(m->pool, m->module) + call->module->d_out};
  w.scratch = context_alloc(c, (size_t)(c->threads * w.room) * sizeof *w.scratch);
  w.score = context_alloc(c, (size_t)tasks * sizeof *w.score);
  if (!context_failed(c)) {
    parallel_for(c->threads, tasks, probe_one, &w);
    for (int64_t i = 0; i < examples; i++)
      weigh_example(w.score + i * experts, experts, m->top_k, EXAMPLE_PROPORTIONAL, 1,
                    call->batch->value + i * experts);
  }
  arena_release(c->arena, mark);
}

/* Every expert that covers the module, with its full update. */
static Plan *plan_all(Context *c, const Pool *pool, int module, int64_t rows) {
  Plan *plan = plan_uniform(c, pool, module, rows);
  for (int64_t i = 0; plan && i < plan->rows * plan->slots; i++) plan->weight[i] = 1;
  return plan;
}

static Plan *logo_probe(Context *c, const void *self, const RouteCall *call) {
  const Logo *m = self;
  if (call->module->id == m->module) weigh_examples(c, m, call);
  return m->probe == PROBE_ALL ? plan_all(c, m->pool, call->module->id, call->x->rows) : NULL;
}

static Plan *logo_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  (void)softmax;
  const Logo *m = self;
  return plan_by_example(c, m->pool, call, m->top_k);
}

const RouteMethod route_logo = {
    .name = "logo",
    .help =
        "the k experts that answer the input's last token most strongly, |sBAh|, in a forward of "
        "the prompt before; the same for all of the input, in proportion",
    .source = "Lee et al. 2025, arXiv 2511.07129, section 3 (LoGo)",
    .labels = {"Standard", "Private", "None", "Example", "Model", "Sparse", "Output",
               "Out-of-Distribution", "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_ONLY | USES_TOP_K,
    .lora_only = true,
    .chooses = true,
    .own = {&SETTINGS},
    .check = logo_check,
    .open = logo_open,
    .close = logo_close,
    .probe = logo_probe,
    .plan = logo_plan,
};

/* use: every function of skein.h, a line for each thing found. Usage: use POOL ROUTER INPUT */
#include <pthread.h>
#include <skein.h>
#include <stdio.h>
#include <string.h>

typedef struct Use {
  const char *pool, *router, *input;
} Use;

static SkeinStatus open_for(Skein **skein, const Use *u, SkeinError *error) {
  char router[64];
  const char *settings[] = {router, "top_k=2", "max_output=8", NULL};
  snprintf(router, sizeof router, "router=%s", u->router);
  return skein_open(skein, NULL, u->pool, settings, error);
}

static void say_names(const Skein *skein) {
  for (int i = 0; i < skein_experts(skein); i++) printf("expert %s\n", skein_expert(skein, i));
  printf("modules %d\n", skein_modules(skein));
  if (skein_expert(skein, -1) || skein_module(skein, skein_modules(skein))) printf("too many\n");
}

static SkeinStatus say_text(Skein *skein, const SkeinItem *item, SkeinError *error) {
  char *text;
  if (skein_generate(skein, item, 1, &text, error) != SKEIN_OK) return error->status;
  printf("text %s\n", text);
  skein_texts_free(&text, 1);
  return SKEIN_OK;
}

static SkeinStatus say_route(Skein *skein, const SkeinItem *item, SkeinError *error) {
  SkeinVisit *visits;
  size_t count, pieces;
  char **piece;
  if (skein_pieces(skein, item->input, &piece, &pieces, error) != SKEIN_OK) return error->status;
  SkeinStatus status = skein_route(skein, item, &visits, &count, error);
  for (size_t i = 0; status == SKEIN_OK && i < count; i++) {
    const SkeinVisit *v = &visits[i];
    printf("visit %s %d %s %s %.9g\n", skein_module(skein, v->module), v->token,
           (size_t)v->token < pieces ? piece[v->token] : "?", skein_expert(skein, v->expert),
           (double)v->weight);
  }
  if (status == SKEIN_OK) skein_visits_free(visits);
  skein_pieces_free(piece, pieces);
  return status;
}

/* A handle of its own, in a thread of its own. */
static void *in_thread(void *arg) {
  const Use *u = arg;
  static const char *const CHOICES[] = {"yes", "no", NULL};
  const SkeinItem item = {.input = u->input, .choices = CHOICES};
  SkeinScore score = {0};
  Skein *skein = NULL;
  SkeinError error;
  SkeinStatus status = open_for(&skein, u, &error);
  if (status == SKEIN_OK) status = skein_score(skein, &item, 1, &score, &error);
  if (status != SKEIN_OK) fprintf(stderr, "use: %s\n", error.text);
  if (status == SKEIN_OK) printf("thread %.17g %.17g\n", score.score[0], score.loglik[1]);
  if (status == SKEIN_OK) skein_scores_free(&score, 1);
  skein_close(skein);
  return NULL;
}

static void say_errors(Skein *skein, const Use *u) {
  const char *wrong[] = {"router=fatgoose", NULL}, *unknown[] = {"topk=2", NULL};
  const SkeinItem nothing = {0}, unasked = {.input = u->input};
  SkeinScore score;
  SkeinError error;
  Skein *none;
  char *text;
  if (skein_open(&none, NULL, NULL, NULL, &error))
    printf("error %d %s\n", error.status, error.text);
  if (skein_open(&none, NULL, u->pool, wrong, &error))
    printf("error %d %s\n", error.status, error.text);
  if (skein_open(&none, NULL, u->pool, unknown, &error))
    printf("error %d %s\n", error.status, error.text);
  if (skein_open(&none, NULL, "/nowhere", NULL, &error))
    printf("error %d %s\n", error.status, error.text);
  if (skein_score(skein, &unasked, 1, &score, &error))
    printf("error %d %s\n", error.status, error.text);
  if (skein_generate(skein, &nothing, 1, &text, &error))
    printf("error %d %s\n", error.status, error.text);
  if (skein_generate(skein, &nothing, 1, &text, NULL))
    printf("error unheard, %s\n", none ? "left" : "gone");
}

int main(int argc, char **argv) {
  if (argc != 4) return SKEIN_USAGE;
  Use u = {argv[1], argv[2], argv[3]};
  const SkeinItem item = {.input = u.input};
  Skein *skein = NULL;
  SkeinError error;
  pthread_t thread[2];
  SkeinStatus status = open_for(&skein, &u, &error);
  if (status == SKEIN_OK) {
    say_names(skein);
    status = say_text(skein, &item, &error);
  }
  if (status == SKEIN_OK) status = say_route(skein, &item, &error);
  if (status != SKEIN_OK) fprintf(stderr, "use: %s\n", error.text);
  if (status == SKEIN_OK) say_errors(skein, &u);
  for (int i = 0; i < 2; i++) pthread_create(&thread[i], NULL, in_thread, &u);
  for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
  skein_close(skein);
  return status;
}

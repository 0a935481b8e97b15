/* ask: which of its choices a pool finds likeliest. Usage: ask POOL INPUT CHOICE... */
#include <skein.h>
#include <stdio.h>

static SkeinStatus ask(Skein *skein, const SkeinItem *item, SkeinError *error) {
  SkeinScore score;
  if (skein_score(skein, item, 1, &score, error) != SKEIN_OK) return error->status;
  for (int i = 0; i < score.choices; i++) {
    printf("%c %.9g %s\n", i == score.prediction ? '*' : ' ', score.score[i], item->choices[i]);
  }
  skein_scores_free(&score, 1);
  return SKEIN_OK;
}

int main(int argc, char **argv) {
  const char *settings[] = {"router=phatgoose", "top_k=2", "threads=2", NULL};
  Skein *skein = NULL;
  SkeinError error;
  if (argc < 4) {
    fprintf(stderr, "usage: ask POOL INPUT CHOICE...\n");
    return SKEIN_USAGE;
  }
  const SkeinItem item = {.input = argv[2], .choices = (const char *const *)argv + 3};
  SkeinStatus status = skein_open(&skein, NULL, argv[1], settings, &error);
  if (status == SKEIN_OK) status = ask(skein, &item, &error);
  if (status != SKEIN_OK) fprintf(stderr, "ask: %s\n", error.text);
  skein_close(skein);
  return status;
}

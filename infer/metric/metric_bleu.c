/* BLEU (Papineni et al. 2002) over a corpus, without smoothing; the reference length is the
 * shortest of an item's, as in the nmt script that Hugging Face evaluate runs. */
#include <math.h>
#include <stdlib.h>

#include "infer/metric/metric_internal.h"
#include "infer/metric/metric_text.h"

/* Of MetricSums.sum, after the number of items. */
enum { ORDERS = 4, LENGTH = 1, REFERENCE_LENGTH, MATCHES, POSSIBLE = MATCHES + ORDERS };

static Status words_13a(Words *w, const char *text, Lexicon *lexicon, Error *err) {
  char *parted = text_13a(text);
  if (!parted) return error_set(err, STATUS_RUN, "out of memory: a text");
  Status status = words_split(w, parted, lexicon, err);
  free(parted);
  return status;
}

static Status add_words(MetricSums *sums, const Words *prediction, const Words *target, int targets,
                        Error *err) {
  size_t shortest = target[0].count;
  for (int i = 1; i < targets; i++)
    if (target[i].count < shortest) shortest = target[i].count;
  sums->sum[LENGTH] += (double)prediction->count;
  sums->sum[REFERENCE_LENGTH] += (double)shortest;
  for (size_t n = 1; n <= ORDERS; n++) {
    size_t common;
    TRY(words_common(prediction, target, (size_t)targets, n, &common, err));
    sums->sum[MATCHES + n - 1] += (double)common;
    if (prediction->count >= n) sums->sum[POSSIBLE + n - 1] += (double)(prediction->count - n + 1);
  }
  return STATUS_OK;
}

Status metric_bleu_add(MetricSums *sums, const char *prediction, const char *const *target,
                       int targets, Error *err) {
  Lexicon lexicon = {0};
  Words *words = calloc((size_t)targets + 1, sizeof *words);
  if (!words) return error_set(err, STATUS_RUN, "out of memory: %d targets", targets);
  Status status = words_13a(&words[targets], prediction, &lexicon, err);
  for (int i = 0; i < targets && status == STATUS_OK; i++)
    status = words_13a(&words[i], target[i], &lexicon, err);
  if (status == STATUS_OK) status = add_words(sums, &words[targets], words, targets, err);
  for (int i = 0; i <= targets; i++) words_free(&words[i]);
  free(words);
  lexicon_free(&lexicon);
  return status;
}

double metric_bleu(const MetricSums *sums) {
  double log_mean = 0, ratio = sums->sum[LENGTH] / sums->sum[REFERENCE_LENGTH];
  for (int n = 0; n < ORDERS; n++) {
    if (sums->sum[MATCHES + n] == 0) return 0;
    log_mean += log(sums->sum[MATCHES + n] / sums->sum[POSSIBLE + n]) / ORDERS;
  }
  return exp(log_mean) * (ratio > 1 ? 1 : exp(1 - 1 / ratio));
}

bool metric_bleu_valid(const MetricSums *sums) {
  static const double COUNT_MOST = 1e12;
  const double length = sums->sum[LENGTH], reference = sums->sum[REFERENCE_LENGTH];
  bool valid = length >= 0 && length <= COUNT_MOST && reference >= 0 && reference <= COUNT_MOST;
  for (int n = 0; n < ORDERS; n++) {
    const double matches = sums->sum[MATCHES + n], possible = sums->sum[POSSIBLE + n];
    valid = valid && matches >= 0 && matches <= possible && possible <= length;
  }
  return valid;
}

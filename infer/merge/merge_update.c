/* Sums of updates: side by side (cat), and by their spectrum (linear, svd, iso). */
#include <string.h>

#include "infer/merge/merge_method.h"

/* A stacked, w s B side by side. */
Status merge_cat(MergeWork *w, Error *err) {
  int64_t at = 0, rank = w->ranks;
  TRY(merge_slot(w, rank, err));
  Tensor *a = &w->merged->a[w->module->id], *b = &w->merged->b[w->module->id];
  for (int k = 0; k < w->terms; k++) {
    const LowRank *f = &w->term[k].f;
    int64_t r = f->a->rows;
    float scale = (float)w->term[k].coefficient;
    memcpy(a->data + at * a->cols, f->a->data, (size_t)tensor_count(f->a) * sizeof *a->data);
    for (int64_t i = 0; i < tensor_count(f->b); i++)
      b->data[i / r * rank + at + i % r] = scale * f->b->data[i];
    at += r;
  }
  return STATUS_OK;
}

/* sum_i w_i s_i B_i A_i: A stacked, w s B side by side. */
static Status stack(const MergeWork *w, Factors *sum, Error *err) {
  int64_t at = 0;
  TRY(factors_make(sum, w->module->d_out, w->ranks, w->module->d_in, err));
  for (int k = 0; k < w->terms; k++) {
    const Tensor *a = w->term[k].f.a, *b = w->term[k].f.b;
    for (int64_t i = 0; i < tensor_count(a); i++) sum->a[at * a->cols + i] = (double)a->data[i];
    for (int64_t i = 0; i < tensor_count(b); i++)
      sum->b[i / b->cols * sum->rank + at + i % b->cols] =
          w->term[k].coefficient * (double)b->data[i];
    at += a->rows;
  }
  return STATUS_OK;
}

static Status sum_spectrum(const MergeWork *w, Spectrum *s, Error *err) {
  Factors sum;
  TRY(stack(w, &sum, err));
  Status status = spectrum_make(s, &sum, err);
  factors_free(&sum);
  return status;
}

/* What the settings ask for, or `own`. */
static int64_t rank_or(const MergeWork *w, int64_t own) {
  return w->settings->rank > 0 ? w->settings->rank : own;
}

Status merge_linear(MergeWork *w, Error *err) {
  Spectrum s;
  TRY(sum_spectrum(w, &s, err));
  Status status = merge_put(w, &s, rank_or(w, spectrum_rank(&s)), err);
  spectrum_free(&s);
  return status;
}

Status merge_svd(MergeWork *w, Error *err) {
  Spectrum s;
  TRY(sum_spectrum(w, &s, err));
  bool peft = w->settings->compat == COMPAT_PEFT;
  Status status = merge_put(w, &s, rank_or(w, peft ? w->peft_rank : w->rank_most), err);
  spectrum_free(&s);
  return status;
}

/* Every singular value becomes their mean (Iso-C, arXiv 2502.04959, section 4.1), over those of the
 * sum that are not zero: a sum of low rank has no directions where the others would be. */
Status merge_iso(MergeWork *w, Error *err) {
  Spectrum s;
  TRY(sum_spectrum(w, &s, err));
  int64_t rank = spectrum_rank(&s);
  double mean = 0;
  for (int64_t i = 0; i < rank; i++) mean += s.s[i] / (double)rank;
  for (int64_t i = 0; i < s.count; i++) s.s[i] = i < rank ? mean : 0;
  Status status = merge_put(w, &s, rank_or(w, rank), err);
  spectrum_free(&s);
  return status;
}

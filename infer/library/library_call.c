/* Calls from outside, and what they ask. */
#include <assert.h>
#include <string.h>

#include "autograd/ground/version.h"
#include "infer/library/library.h"

static_assert(sizeof((SkeinError *)0)->text == ERROR_TEXT, "a message fits");
static_assert((int)SKEIN_RUN == (int)STATUS_RUN && (int)SKEIN_USAGE == (int)STATUS_USAGE &&
                  (int)SKEIN_INPUT == (int)STATUS_INPUT &&
                  (int)SKEIN_MISMATCH == (int)STATUS_MISMATCH &&
                  (int)SKEIN_ENDPOINT == (int)STATUS_ENDPOINT,
              "a status is one of ours");

Call call_begin(void) {
  Call call = {.c = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
  if (call.c) call.before = uselocale(call.c);
  return call;
}

SkeinStatus call_end(Call *call, Status status, SkeinError *error) {
  if (call->c) {
    uselocale(call->before);
    freelocale(call->c);
  }
  if (error) {
    error->status = (SkeinStatus)status;
    memcpy(error->text, call->error.text, sizeof error->text);
  }
  return (SkeinStatus)status;
}

static Status copy_choices(const char *const *choices, Item *item, Error *err) {
  int count = 0;
  while (choices[count]) count++;
  TRY(item_alloc_texts(&item->choice, (size_t)count, err));
  item->choices = count;
  for (int k = 0; k < count; k++) TRY(item_copy_text(&item->choice[k], choices[k], err));
  return STATUS_OK;
}

Status library_item(const Skein *s, const SkeinItem *from, size_t i, Item *item, Error *err) {
  *item = (Item){.label = -1};
  if (!from->input) return error_set(err, STATUS_USAGE, "item %zu: input: is NULL", i);
  TRY(item_copy_text(&item->input, from->input, err));
  if (from->instruction) TRY(item_copy_text(&item->instruction, from->instruction, err));
  if (!from->choices) return STATUS_OK;
  const ChoiceTokens tokens = {s->base.tokenizer, s->own.max_target};
  TRY(copy_choices(from->choices, item, err));
  return item_compare_choices(item, &tokens, err);
}

const char *skein_version(void) {
  return version_text();
}

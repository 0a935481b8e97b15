/* The page: page.html with the numbers in it as JSON. The page makes texts of the JSON's texts and
 * nothing else, so no name or piece of somebody else becomes a part of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "autograd/ground/visible.h"
#include "data/file/file.h"
#include "data/text/json_put.h"
#include "tools/trace/trace_order.h"

enum {
  PAGE_EXPERTS = 12,            /* a token and module; more where more were chosen */
  PAGE_CELLS = 2 * 1000 * 1000, /* of all tokens, modules and experts: some 100 MB */
};

static const char PLACE[] = "TRACE_DATA"; /* of the JSON in the page */

/* A text in which nothing is hidden; NULL: no memory. */
static json_t *visible_text(const char *text) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  visible_put(s.out, text);
  char *shown = text_stream_close(&s);
  json_t *value = shown ? json_string(shown) : NULL;
  free(shown);
  return value;
}

/* ---- the numbers ---- */

/* [expert, local, global, sum, softmax, choice, weight] */
static json_t *cell(int expert, const ExpertTerms *x) {
  json_t *list = json_array();
  json_push(&list, json_integer(expert));
  json_push(&list, json_real((double)x->local));
  json_push(&list, json_real((double)x->global));
  json_push(&list, json_real((double)x->logit));
  json_push(&list, json_real((double)x->softmax));
  json_push(&list, json_integer(x->choice));
  json_push(&list, json_real((double)x->weight));
  return list;
}

static json_t *token_cells(const Trace *t, int module, int64_t token) {
  const ExpertTerms *terms = routing_terms_at(&t->terms, module, token);
  json_t *list = json_array();
  int *order = trace_order(t, terms);
  for (int i = 0; order && i < t->terms.experts; i++) {
    const ExpertTerms *x = &terms[order[i]];
    bool shown = i < PAGE_EXPERTS || x->choice > 0;
    if (shown && trace_takes_part(t, module, order[i], terms)) json_push(&list, cell(order[i], x));
  }
  if (!order) json_push(&list, NULL);
  free(order);
  return list;
}

static json_t *module_json(const Trace *t, const Module *m) {
  json_t *object = json_object(), *rows = json_array();
  for (int64_t i = 0; i < t->terms.kept[m->id].count; i++)
    json_push(&rows, token_cells(t, m->id, i));
  json_put(&object, "name", visible_text(m->name));
  json_put(&object, "side", json_integer(m->side));
  json_put(&object, "rows", rows);
  return object;
}

static json_t *modules_json(const Trace *t) {
  const Modules *modules = pool_modules(t->parts.pool);
  json_t *list = json_array();
  for (int i = 0; i < modules->count; i++)
    if (t->terms.kept[i].count > 0) json_push(&list, module_json(t, &modules->module[i]));
  return list;
}

static json_t *pieces_json(const Trace *t, ModuleSide side) {
  json_t *list = json_array();
  for (int64_t i = 0; i < t->tokens[side].count; i++) {
    char number[24];
    json_push(&list, visible_text(trace_piece(t, side, i, number)));
  }
  return list;
}

static json_t *names_json(const Trace *t) {
  json_t *list = json_array();
  for (int e = 0; e < t->terms.experts; e++)
    json_push(&list, visible_text(pool_entry(t->parts.pool, e)->name));
  return list;
}

static json_t *page_json(const Trace *t) {
  const RouteMethod *method = router_method(&t->parts.router_settings);
  json_t *root = json_object(), *tokens = json_array();
  json_push(&tokens, pieces_json(t, SIDE_PROMPT));
  json_push(&tokens, pieces_json(t, SIDE_CONTINUATION));
  json_put(&root, "item", visible_text(t->item.id));
  json_put(&root, "answer", visible_text(t->answer));
  json_put(&root, "chosen", json_boolean(t->scored));
  json_put(&root, "pool", visible_text(pool_dir(t->parts.pool)));
  json_put(&root, "router", visible_text(method->name));
  json_put(&root, "local",
           t->terms.scored ? json_string(router_local(&t->parts.router_settings)) : json_null());
  json_put(&root, "global", t->terms.added ? json_string(method->global) : json_null());
  json_put(&root, "token", json_integer(t->token < 0 ? 0 : t->token));
  json_put(&root, "most", json_integer(PAGE_EXPERTS));
  json_put(&root, "experts", names_json(t));
  json_put(&root, "tokens", tokens);
  json_put(&root, "modules", modules_json(t));
  return root;
}

/* ---- the file ---- */

static Status check_size(const Trace *t, Error *err) {
  int64_t tokens = 0, experts = t->terms.experts;
  for (int i = 0; i < t->terms.modules; i++) tokens += t->terms.kept[i].count;
  if (tokens * (experts < PAGE_EXPERTS ? experts : PAGE_EXPERTS) <= PAGE_CELLS) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "--html: %" PRId64
                   " tokens of all modules are too many for a page; name one "
                   "module with --module",
                   tokens);
}

/* No text of the JSON may end the element that it stands in. */
static void put_json(FILE *out, const char *json) {
  for (; *json; json++) {
    if (*json == '<') {
      fputs("\\u003c", out);
    } else {
      fputc(*json, out);
    }
  }
}

Status trace_write_page(const Trace *t, const char *path, Error *err) {
  AtomicFile file = {0};
  TRY(check_size(t, err));
  json_t *root = page_json(t);
  char *json = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(root);
  if (!json) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = atomic_open(&file, path, err);
  if (status == STATUS_OK) {
    const char *place = strstr(page_text, PLACE);
    fwrite(page_text, 1, (size_t)(place - page_text), file.stream);
    put_json(file.stream, json);
    fputs(place + strlen(PLACE), file.stream);
    status = atomic_commit(&file, err);
  }
  free(json);
  return status;
}

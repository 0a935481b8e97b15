/* The readers of JSON: they agree with each other, and take what is written. */
#include <stdlib.h>
#include <string.h>

#include "data/text/json.h"
#include "data/text/json_scan.h"
#include "data/text/json_walk.h"
#include "data/text/utf8.h"
#include "tests/fuzz/target.h"

#define SEEDS                                                                                  \
  "tests/golden/*/base/*config.json tests/golden/*/*/adapter_config.json tests/golden/torch/*" \
  ".json tests/golden/tokenizer_files/*/*config.json"

static const char FILE_NAME[] = "x.json";

static JsonDoc document(void) {
  return (JsonDoc){.file = FILE_NAME};
}

static void read_json(const Input *in) {
  Error err = {0};
  JsonDoc doc = document(), again = document();
  if (!taken(in, json_parse(&doc, in->bytes, in->size, &err), &err)) return;
  char *text = json_dumps(doc.root, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
  MUST(text);
  sound(json_parse(&again, text, strlen(text), &err), &err);
  MUST(json_equal(doc.root, again.root));
  free(text);
  json_free(&again);
  json_free(&doc);
}

/* What is scanned is what is parsed. */
static void scan_json(const Input *in) {
  static const char *const KEY[] = {"input", "target"};
  enum { KEYS = sizeof KEY / sizeof *KEY };
  JsonText text[KEYS];
  if (utf8_valid(in->bytes, in->size) < in->size) return;
  if (!json_scan_texts(in->bytes, in->size, KEY, KEYS, text)) return;
  Error err = {0};
  JsonDoc doc = document();
  sound(json_parse(&doc, in->bytes, in->size, &err), &err);
  for (int k = 0; k < KEYS; k++) {
    json_t *scanned = text[k].text ? json_scan_string(&text[k]) : NULL;
    json_t *parsed = json_object_get(doc.root, KEY[k]);
    MUST(scanned ? json_equal(scanned, parsed) : !parsed);
    json_decref(scanned);
  }
  json_free(&doc);
}

/* The members of an object, by walking over it; NULL where that is refused. Equal keys are the
 * caller's to find, and are not taken here. */
static json_t *walk(const Input *in, Error *err) {
  JsonWalk w = {.file = FILE_NAME, .text = in->bytes, .size = in->size};
  json_t *members = json_object(), *value = NULL;
  char *key = NULL;
  Status status = json_walk_enter(&w, err);
  while (status == STATUS_OK && (status = json_walk_key(&w, &key, err)) == STATUS_OK && key) {
    status = json_walk_value(&w, &value, err);
    if (status == STATUS_OK && json_object_get(members, key)) {
      status = error_set(err, STATUS_INPUT, "%s: a key twice", FILE_NAME);
      json_decref(value);
    } else if (status == STATUS_OK) {
      MUST(json_object_set_new(members, key, value) == 0);
    }
    free(key);
  }
  if (status == STATUS_OK) status = json_walk_end(&w, err);
  if (taken(in, status, err)) return members;
  json_decref(members);
  return NULL;
}

/* What is walked over is what is parsed; numbers beyond C's types are refused on the way. */
static void walk_json(const Input *in) {
  Error walked = {0}, parsed = {0};
  JsonDoc doc = document();
  json_t *members = walk(in, &walked);
  json_parse(&doc, in->bytes, in->size, &parsed);
  MUST(!members || json_equal(members, doc.root));
  json_t *plain = doc.root ? json_loadb(in->bytes, in->size, 0, NULL) : NULL;
  MUST(members || !json_is_object(plain));
  json_decref(plain);
  json_decref(members);
  json_free(&doc);
}

const Target json_targets[] = {
    {.name = "json", .seeds = SEEDS, .words = "json", .most = 4096, .run = read_json},
    {.name = "json-scan", .seeds = SEEDS, .words = "json", .most = 1024, .run = scan_json},
    {.name = "json-walk", .seeds = SEEDS, .words = "json", .most = 1024, .run = walk_json},
    {0},
};

#include "data/text/json_scan.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json_walk.h"

enum { MEMBERS = 31, DEPTH = 16 };

/* What may follow a backslash in a plain text, and what the two are together. */
static const char ESCAPED[] = "\"\\/bfnrt", MEANING[] = "\"\\/\b\f\n\r\t";

/* A string without what JSON refuses in one, up to its closing quote. */
static bool scan_string(JsonWalk *w, JsonText *out) {
  if (!json_walk_mark(w, '"')) return false;
  *out = (JsonText){.text = w->text + w->at};
  for (; w->at < w->size && w->text[w->at] != '"'; w->at++) {
    if ((unsigned char)w->text[w->at] < ' ') return false;
    if (w->text[w->at] != '\\') continue;
    out->escaped = true;
    if (++w->at == w->size || !memchr(ESCAPED, w->text[w->at], sizeof ESCAPED - 1)) return false;
  }
  out->size = (size_t)(w->text + w->at - out->text);
  return json_walk_mark(w, '"');
}

static bool scan_word(JsonWalk *w, const char *word) {
  size_t size = strlen(word);
  bool same = w->size - w->at >= size && memcmp(w->text + w->at, word, size) == 0;
  if (same) w->at += size;
  return same;
}

static bool scan_value(JsonWalk *w, int depth, JsonText *string);

/* The elements of an array, `depth` arrays deep, up to its end. */
static bool scan_elements(JsonWalk *w, int depth) {
  JsonText string;
  if (json_walk_mark(w, ']')) return true;
  do {
    if (depth > DEPTH || !scan_value(w, depth, &string)) return false;
  } while (json_walk_mark(w, ','));
  return json_walk_mark(w, ']');
}

/* Any plain value; string->text is NULL unless it is a string. */
static bool scan_value(JsonWalk *w, int depth, JsonText *string) {
  int64_t count;
  *string = (JsonText){0};
  if (json_walk_plain_count(w, &count)) return true; /* else white space alone has been passed */
  if (json_walk_mark(w, '-')) {
    return w->at < w->size && isdigit((unsigned char)w->text[w->at]) &&
           json_walk_plain_count(w, &count);
  }
  if (json_walk_mark(w, '[')) return scan_elements(w, depth + 1);
  if (scan_word(w, "null") || scan_word(w, "true") || scan_word(w, "false")) return true;
  return scan_string(w, string);
}

static bool same_text(const JsonText *t, const char *text, size_t size) {
  return t->size == size && memcmp(t->text, text, size) == 0;
}

/* The key of a member that is the object's `members`th, and its colon. */
static bool scan_key(JsonWalk *w, JsonText *member, int members) {
  JsonText *name = &member[members];
  if (members == MEMBERS || !scan_string(w, name) || name->escaped) return false;
  for (int i = 0; i < members; i++) {
    if (same_text(name, member[i].text, member[i].size)) return false;
  }
  return json_walk_mark(w, ':');
}

/* The value of the member `name`, which is kept where it is one of the keys. */
static bool scan_member(JsonWalk *w, const JsonText *name, const char *const *key, int n,
                        JsonText *out) {
  JsonText value;
  if (!scan_value(w, 0, &value)) return false;
  for (int k = 0; k < n; k++) {
    if (!key[k] || !same_text(name, key[k], strlen(key[k]))) continue;
    if (!value.text) return false;
    out[k] = value;
  }
  return true;
}

bool json_scan_texts(const char *text, size_t size, const char *const *key, int n, JsonText *out) {
  JsonWalk w = {.file = "", .text = text, .size = size};
  JsonText member[MEMBERS]; /* their names */
  int members = 0;
  for (int k = 0; k < n; k++) out[k] = (JsonText){0};
  if (!json_walk_mark(&w, '{')) return false;
  do {
    if (!scan_key(&w, member, members)) return false;
    if (!scan_member(&w, &member[members++], key, n, out)) return false;
  } while (json_walk_mark(&w, ','));
  return json_walk_mark(&w, '}') && json_walk_end(&w, NULL) == STATUS_OK;
}

json_t *json_scan_string(const JsonText *t) {
  if (!t->escaped) return json_stringn_nocheck(t->text, t->size);
  char *undone = malloc(t->size), *to = undone;
  if (!undone) return NULL;
  for (const char *from = t->text, *end = from + t->size; from < end; from++) {
    const char *escape = *from == '\\' ? strchr(ESCAPED, *++from) : NULL;
    *to++ = escape ? MEANING[escape - ESCAPED] : *from;
  }
  json_t *string = json_stringn_nocheck(undone, (size_t)(to - undone));
  free(undone);
  return string;
}

#include "tools/cmd/method_filter.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "autograd/ground/nearest.h"

static Status read_need(MethodFilter *f, const char *text, Error *err) {
  const char *known[ROUTE_NEEDS + 1] = {"none"};
  for (int i = 0; i < ROUTE_NEEDS; i++) {
    known[i + 1] = route_need(i)->name;
    if (strcmp(text, known[i + 1]) != 0) continue;
    f->reads |= route_need(i)->reads;
    return STATUS_OK;
  }
  f->none = strcmp(text, "none") == 0;
  if (f->none) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "--needs: '%.40s' is none of none, gates, activations and instructions%s", text,
                   nearest_hint(text, known, ROUTE_NEEDS + 1).text);
}

/* The value of the label as methods have it, whatever its case; NULL: none has it. */
static const char *known_value(int label, const char *text) {
  for (int i = 0; i < route_method_count(); i++) {
    const char *value = route_label_value(route_method(i), label);
    if (strcasecmp(value, text) == 0) return value;
  }
  return NULL;
}

static Status unknown_label(const char *text, Error *err) {
  const char *known[ROUTE_LABELS];
  char name[48];
  for (int i = 0; i < ROUTE_LABELS; i++) known[i] = route_label_name(i);
  snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
  return error_set(err, STATUS_USAGE, "--label: '%.60s' is no NAME=VALUE of a label%s", text,
                   nearest_hint(name, known, ROUTE_LABELS).text);
}

/* Whether a method before has the same value of a label. */
static bool value_before(int label, int method) {
  const char *value = route_label_value(route_method(method), label);
  for (int i = 0; i < method; i++)
    if (strcmp(route_label_value(route_method(i), label), value) == 0) return true;
  return false;
}

static Status unknown_value(int label, const char *text, Error *err) {
  char known[256] = "";
  for (int i = 0; i < route_method_count(); i++) {
    const size_t used = strlen(known);
    if (value_before(label, i)) continue;
    snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "",
             route_label_value(route_method(i), label));
  }
  return error_set(err, STATUS_USAGE, "--label: no method has %s=%.60s; they have %s",
                   route_label_name(label), text, known);
}

static Status read_label(MethodFilter *f, const char *text, Error *err) {
  char name[48];
  const char *equals = strchr(text, '=');
  if (!equals) return unknown_label(text, err);
  snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
  const int label = route_label_find(name);
  if (label < 0) return unknown_label(text, err);
  const char *value = known_value(label, equals + 1);
  if (!value) return unknown_value(label, equals + 1, err);
  if (f->label[label] && strcmp(f->label[label], value) != 0) {
    return error_set(err, STATUS_USAGE, "--label: %s is to be %s and %s, which no method is",
                     route_label_name(label), f->label[label], value);
  }
  f->label[label] = value;
  return STATUS_OK;
}

Status method_filter_read(MethodFilter *f, const TextList *needs, const TextList *label,
                          Error *err) {
  *f = (MethodFilter){0};
  for (int i = 0; i < needs->count; i++) TRY(read_need(f, needs->text[i], err));
  for (int i = 0; i < label->count; i++) TRY(read_label(f, label->text[i], err));
  if (f->none && f->reads)
    return error_set(err, STATUS_USAGE, "--needs: is none and something; give one of them");
  return STATUS_OK;
}

bool method_fits(const MethodFilter *f, const RouteMethod *m, unsigned reads) {
  for (int i = 0; i < ROUTE_NEEDS; i++)
    if (f->none && route_needs(reads, i)) return false;
  for (int i = 0; i < ROUTE_LABELS; i++)
    if (f->label[i] && strcmp(f->label[i], route_label_value(m, i)) != 0) return false;
  return (reads & f->reads) == f->reads;
}

#include "data/options/options_paths.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/hub.h"
#include "data/file/path.h"
#include "data/options/options_internal.h"

/* ---- reading ---- */

static Status no_memory(const char *place, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", place);
}

/* What to say of a path that is nowhere; NULL when out of memory. */
static char *lost_text(const char *key, const char *path, const char *file, const char *place) {
  char *dir = path_parent(file), *text = NULL;
  if (!dir) return NULL;
  bool one = strcmp(dir, ".") == 0;
  int size = asprintf(&text, "%s: %s: '%.200s' is %s%s%s in the working directory%s", place, key,
                      path, one ? "not" : "neither beside the file, in ", one ? "" : dir,
                      one ? "" : ", nor", hub_hint(path).text);
  free(dir);
  return size < 0 ? NULL : text;
}

/* Where a path leads, in its place. Of several the source keeps what was found worst. */
static Status find_path(char **path, const char *key, const char *file, const char *place,
                        OptionSource *source, Error *err) {
  PathFound found;
  char *searched = path_search(file, *path, &found);
  if (!searched) return no_memory(place, err);
  free(*path);
  *path = searched;
  if (found > source->found) source->found = found;
  if (found != PATH_NOWHERE || source->lost) return STATUS_OK;
  source->lost = lost_text(key, searched, file, place);
  return source->lost ? STATUS_OK : no_memory(place, err);
}

/* Takes over what the source says. */
static Status set_found(OptionSet *o, size_t i, const char *text, OptionSource *source,
                        const char *place, Error *err) {
  Status status = text ? options_set(o, i, text, ORIGIN_FILE, place, err) : no_memory(place, err);
  if (status == STATUS_OK && o->source[i].origin == ORIGIN_FILE) {
    o->source[i] = *source;
  } else {
    free(source->lost);
  }
  return status;
}

Status options_set_path(OptionSet *o, size_t i, const char *text, const char *file,
                        const char *place, Error *err) {
  OptionSource source = {.origin = ORIGIN_FILE};
  char *path = strdup(text);
  Status status =
      path ? find_path(&path, o->table[i].key, file, place, &source, err) : no_memory(place, err);
  if (status == STATUS_OK) status = set_found(o, i, path, &source, place, err);
  free(path);
  return status;
}

Status options_set_paths(OptionSet *o, size_t i, PathList *list, const char *file,
                         const char *place, Error *err) {
  OptionSource source = {.origin = ORIGIN_FILE};
  Status status = STATUS_OK;
  for (size_t k = 0; k < list->count && status == STATUS_OK; k++)
    status = find_path(&list->one[k].path, o->table[i].key, file, place, &source, err);
  char *text = status == STATUS_OK ? path_list_text(list) : NULL;
  if (status == STATUS_OK) {
    status = set_found(o, i, text, &source, place, err);
  } else {
    free(source.lost);
  }
  free(text);
  return status;
}

/* ---- notes ---- */

void path_notes_count(PathNotes *notes, const char *key, const char *path, PathFound found) {
  if (found != PATH_WORKING && found != PATH_DOUBLE) return;
  struct PathNote *note = found == PATH_WORKING ? &notes->working : &notes->doubled;
  if (note->count++ == 0) snprintf(note->example, sizeof note->example, "%s: %s", key, path);
}

void path_notes_add(PathNotes *notes, const OptionSet *o) {
  for (size_t i = 0; i < o->count; i++) {
    const Option *option = &o->table[i];
    if (o->source[i].found == PATH_GIVEN) continue;
    path_notes_count(notes, option->key, option_load(option, o->settings).string,
                     o->source[i].found);
  }
}

static void tell(const struct PathNote *note, const char *file, const char *what, PathSay *say) {
  char line[512], more[32] = "";
  if (note->count == 0) return;
  if (note->count > 1) snprintf(more, sizeof more, " (and %d more)", note->count - 1);
  snprintf(line, sizeof line, "%s: %s%s: %s", file, note->example, more, what);
  say(line);
}

void path_notes_tell(const PathNotes *notes, const char *file, PathSay *say) {
  tell(&notes->working, file, "taken from the working directory, not being beside the file", say);
  tell(&notes->doubled, file,
       "taken from beside the file; the working directory has another of that name", say);
}

void options_tell_paths(const OptionSet *o, const char *file, PathSay *say) {
  PathNotes notes = {0};
  path_notes_add(&notes, o);
  path_notes_tell(&notes, file, say);
}

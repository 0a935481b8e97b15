/* Encoders of sentences, as sentence-transformers keeps them. */
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "infer/embed/embed.h"
#include "tools/inspect/inspect.h"

enum { CONFIG_BYTES_MAX = 1 << 20 };

/* The model_type of the config.json is one that encodes sentences; whatever else is wrong with the
 * file, inspect_base says. */
static bool is_encoder(const char *config) {
  JsonDoc doc = {0};
  Error ignored = {0};
  const char *type = "";
  bool read = json_parse_file(&doc, config, CONFIG_BYTES_MAX, &ignored) == STATUS_OK &&
              json_get_string(&doc, "model_type", &type, &ignored) == STATUS_OK;
  bool known = read && (strcmp(type, "bert") == 0 || strcmp(type, "nomic_bert") == 0);
  json_free(&doc);
  return known;
}

static Status describe(Inspection *in, const char *dir, Error *err) {
  Embedder *embedder = NULL;
  int64_t longest;
  const EmbedderSpec spec = {.kind = EMBEDDER_SENTENCE, .sentence.dir = dir, .threads = 1};
  Facts *f = &in->facts;
  TRY(embedder_open(&embedder, &spec, err));
  facts_set(f, f->root, "directory", facts_text(dir));
  facts_set(f, f->root, "kind", facts_text("encoder of sentences"));
  facts_set(f, f->root, "embedder", facts_text(embedder_name(embedder)));
  facts_set(f, f->root, "dimension", json_integer(embedder_dim(embedder)));
  embedder_cut(embedder, &longest);
  facts_set(f, f->root, "tokens_of_a_text", json_integer(longest));
  const char *note = embedder_note(embedder);
  if (note) facts_set(f, f->root, "note", facts_text(note));
  embedder_close(embedder);
  return STATUS_OK;
}

/* Whether the directory has a config.json, and whether that is of an encoder of sentences. */
static Status look(const char *dir, bool *there, bool *encoder, Error *err) {
  char *config = path_join(dir, "config.json");
  if (!config) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  *there = file_exists(config);
  *encoder = *there && is_encoder(config);
  free(config);
  return STATUS_OK;
}

Status inspect_model(Inspection *in, const char *dir, Error *err) {
  bool there = false, encoder = false;
  TRY(look(dir, &there, &encoder, err));
  return encoder ? describe(in, dir, err) : inspect_base(in, dir, err);
}

Status inspect_modules(Inspection *in, const char *dir, Error *err) {
  bool there = false, encoder = false;
  TRY(look(dir, &there, &encoder, err));
  return there ? STATUS_OK : describe(in, dir, err);
}

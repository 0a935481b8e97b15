#include "infer/instruct/instruct_prompt.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/text/json_put.h"
#include "data/text/utf8.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a prompt");
}

Status instruct_pattern_read(char **pattern, const char *file, Error *err) {
  enum { BYTES_MAX = 1 << 16 };
  size_t size;
  TRY(file_read(file, BYTES_MAX, pattern, &size, err));
  if (strlen(*pattern) == size && utf8_valid(*pattern, size) == size) return STATUS_OK;
  free(*pattern);
  *pattern = NULL;
  return error_set(err, STATUS_INPUT, "%s: is not UTF-8 text", file);
}

/* A line of JSON: where a text ends is not for it to say. Without an output where that is NULL. */
static char *json_line(const char *input, const char *output) {
  json_t *o = json_object();
  json_put(&o, "input", json_string(input));
  if (output) json_put(&o, "output", json_string(output));
  char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;
  json_decref(o);
  return line;
}

static char *example_lines(const InstructSample *s) {
  char *text = strdup("");
  for (int i = 0; text && i < s->count; i++) {
    char *line = json_line(s->example[i].input, s->example[i].output), *longer = NULL;
    if (!line || asprintf(&longer, "%s%s%s", text, i ? "\n" : "", line) < 0) longer = NULL;
    free(line);
    free(text);
    text = longer;
  }
  return text;
}

/* Takes `lines`, which are freed; NULL: out of memory. */
static Status fill(char **prompt, const char *pattern, const char *file, const char *mark,
                   char *lines, Error *err) {
  const char *at = strstr(pattern, mark), *behind = at ? at + strlen(mark) : NULL;
  *prompt = NULL;
  if (!lines) return no_memory(err);
  if (!at || strstr(behind, mark)) {
    free(lines);
    return error_set(err, STATUS_INPUT, "%s: want %s once, where %s to stand", file, mark,
                     strcmp(mark, "{input}") == 0 ? "the input is" : "the examples are");
  }
  int size = asprintf(prompt, "%.*s%s%s", (int)(at - pattern), pattern, lines, behind);
  free(lines);
  if (size >= 0) return STATUS_OK;
  *prompt = NULL;
  return no_memory(err);
}

Status instruct_prompt(char **prompt, const char *pattern, const char *file,
                       const InstructSample *s, Error *err) {
  return fill(prompt, pattern, file, "{examples}", example_lines(s), err);
}

Status instruct_prompt_input(char **prompt, const char *pattern, const char *file,
                             const char *input, Error *err) {
  return fill(prompt, pattern, file, "{input}", json_line(input, NULL), err);
}

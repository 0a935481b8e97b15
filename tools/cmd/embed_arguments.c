#include "tools/cmd/embed_arguments.h"

#include <stdlib.h>
#include <string.h>

#include "tools/shell/command.h"

static Status find_kind(EmbedArguments *a, Error *err) {
  EmbedderKind kind;
  TRY(embedder_named(a->embedder, "embed: --embedder", &kind, &a->sentence.dir, err));
  a->kind = kind;
  return STATUS_OK;
}

#define AT(field) offsetof(EmbedArguments, field)

static const Argument ROWS[] = {
    {"embedder", .type = ARGUMENT_TEXT, .offset = AT(embedder),
     .value = "lexical|encoder|precomputed|endpoint|DIR"},
    {"prompt", .type = ARGUMENT_TEXT, .offset = AT(sentence.prompt), .value = "NAME"},
    {"prefix", .type = ARGUMENT_TEXT, .offset = AT(sentence.prefix), .value = "TEXT"},
    {"dimensions", .type = ARGUMENT_COUNT, .offset = AT(sentence.dimensions), .most = 1000000,
     .value = "N"},
    {"file", .type = ARGUMENT_TEXT, .offset = AT(file), .value = "FILE"},
    {"name", .type = ARGUMENT_TEXT, .offset = AT(name), .value = "NAME"},
    {"base", .type = ARGUMENT_TEXT, .offset = AT(base), .value = "DIR"},
    {"examples", .type = ARGUMENT_TEXTS, .offset = AT(given), .value = "EXPERT=FILE"},
    {"limit", .type = ARGUMENT_COUNT, .offset = AT(limit), .most = 1000000, .value = "N"},
    {"key", .type = ARGUMENT_TEXT, .offset = AT(key), .value = "KEY"},
    {"threads", .type = ARGUMENT_COUNT, .offset = AT(threads), .most = 256, .value = "N"},
    {"endpoint", .type = ARGUMENT_TEXT, .offset = AT(endpoint), .value = "URL"},
    {"model", .type = ARGUMENT_TEXT, .offset = AT(model), .value = "NAME"},
    {"key-env", .type = ARGUMENT_TEXT, .offset = AT(key_env), .value = "VARIABLE"},
    {"share-examples", .type = ARGUMENT_SWITCH, .offset = AT(share_examples)},
    {"output", .type = ARGUMENT_TEXT, .offset = AT(output), .value = "FILE"},
    {"force", .type = ARGUMENT_SWITCH, .offset = AT(force)},
};
const ArgumentTable embed_arguments = {ROWS, sizeof ROWS / sizeof *ROWS};

/* EXPERT=FILE */
static Status parse_example(const char *word, ExampleFile *example, Error *err) {
  const char *sign = strchr(word, '=');
  if (!sign || sign == word || !sign[1]) {
    return error_set(err, STATUS_USAGE, "embed: --examples: is '%s', want EXPERT=FILE", word);
  }
  char *expert = strndup(word, (size_t)(sign - word));
  if (!expert) return error_set(err, STATUS_RUN, "out of memory: the arguments");
  *example = (ExampleFile){expert, sign + 1};
  return STATUS_OK;
}

static Status parse_examples(EmbedArguments *a, Error *err) {
  a->example = calloc((size_t)a->given.count + 1, sizeof *a->example);
  if (!a->example) return error_set(err, STATUS_RUN, "out of memory: the arguments");
  for (; a->examples < a->given.count; a->examples++) {
    TRY(parse_example(a->given.text[a->examples], &a->example[a->examples], err));
  }
  return STATUS_OK;
}

/* Options that say nothing about what was asked are errors, not silence. */
static Status check_arguments(EmbedArguments *a, Error *err) {
  const char *wrong = NULL;
  bool remote = a->endpoint || a->model || a->key_env || a->share_examples;
  if (a->embedder) TRY(find_kind(a, err));
  if (a->kind < 0 && a->file) a->kind = EMBEDDER_PRECOMPUTED;
  if (a->kind < 0) a->kind = a->endpoint ? EMBEDDER_ENDPOINT : EMBEDDER_LEXICAL;
  if (a->kind != EMBEDDER_ENDPOINT && remote)
    wrong = "--endpoint, --model, --key-env and --share-examples are of endpoint alone";
  if (a->kind == EMBEDDER_ENDPOINT && !a->endpoint) wrong = "endpoint wants --endpoint URL";
  if (a->share_examples && a->examples == 0) wrong = "--share-examples is of --examples";
  if (a->kind == EMBEDDER_PRECOMPUTED && !a->file) wrong = "precomputed wants --file";
  if (a->kind != EMBEDDER_PRECOMPUTED && a->file) wrong = "--file is of precomputed alone";
  if (a->name && !a->file) wrong = "--name names the embedder of a --file";
  if (a->kind != EMBEDDER_ENCODER && a->base) wrong = "--base is of encoder alone";
  if (a->kind != EMBEDDER_SENTENCE &&
      (a->sentence.prompt || a->sentence.prefix || a->sentence.dimensions))
    wrong = "--prompt, --prefix and --dimensions are of an encoder of sentences alone";
  if (a->examples > 0 && a->file) wrong = "--examples goes without --file";
  if (a->output && a->pool) wrong = "--output goes without a pool";
  if (a->output && !a->file) wrong = "--output wants --file";
  if (a->force && !a->output) wrong = "--force is of --output alone";
  if (a->output && a->examples > 0) wrong = "--examples wants a pool";
  if (!wrong) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "embed: %s; see skein embed --help", wrong);
}

Status embed_arguments_read(EmbedArguments *a, int argc, char **argv, Error *err) {
  *a = (EmbedArguments){.kind = -1, .key = "input", .limit = 1000, .threads = 2};
  TRY(arguments_read(&embed_arguments, 0, a, NULL, argc, argv, err));
  TRY(parse_examples(a, err));
  TRY(command_operands(argc, argv, a->output ? 0 : 1, 1, "POOL", err));
  a->pool = argv[optind];
  return check_arguments(a, err);
}

void embed_arguments_free(EmbedArguments *a) {
  for (int i = 0; i < a->examples; i++) free((char *)(uintptr_t)a->example[i].expert);
  free(a->example);
  free(a->given.text);
}

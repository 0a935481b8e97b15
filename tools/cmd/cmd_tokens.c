/* skein tokens: the token ids of texts, as every other command gets them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/examples/sequence.h"
#include "data/file/file.h"
#include "data/file/output.h"
#include "data/text/json.h"
#include "data/text/json_put.h"
#include "data/text/jsonl.h"
#include "data/tokenizer/tokenizer.h"
#include "tools/cmd/commands.h"
#include "tools/shell/arguments.h"
#include "tools/shell/console.h"

static const char usage[] =
    "skein tokens: the token ids of texts, as a base's tokenizer gives them\n"
    "\n"
    "Examples:\n"
    "  skein tokens --base t5-xl-lm-adapt --input rte.jsonl\n"
    "  skein tokens --base t5-small --input - -o ids.jsonl <texts.jsonl\n"
    "\n"
    "Usage: skein tokens --base DIR --input FILE [-o FILE] [--input-key KEY]\n"
    "\n"
    "A line of the input has \"input\" and may have \"id\". Every line gives one line, in order:\n"
    "  {\"id\", \"ids\": [...], \"pieces\": [...]}\n"
    "id is the line's, else its number from 0. Nothing is cut; the last id is the end, </s>; of a\n"
    "tokenizer of BERT the first is [CLS] and the last [SEP].\n"
    "How many tokens are unknown is said on stderr.\n"
    "\n";

typedef struct TokensArguments {
  const char *base, *input, *output, *input_key;
  bool force;
} TokensArguments;

static const TokensArguments DEFAULTS = {.input_key = "input"};

#define AT(field) offsetof(TokensArguments, field)

static const Argument ROWS[] = {
    {"base", 0, ARGUMENT_TEXT, AT(base), 0, "DIR",
     .help =
         "Hugging Face directory with tokenizer.json, spiece.model or vocab.txt, or one of these"},
    {"input", 0, ARGUMENT_TEXT, AT(input), 0, "FILE",
     .help = "lines, JSONL or JSONL.zst; -: standard input; a pipe is answered as it comes"},
    {"output", 'o', ARGUMENT_TEXT, AT(output), 0, "FILE",
     .help = "where the lines go, whole or not at all [stdout]"},
    {"force", 0, ARGUMENT_SWITCH, AT(force), 0, NULL,
     .help = "replace the output where it is there"},
    {"input-key", 0, ARGUMENT_TEXT, AT(input_key), 0, "KEY",
     .help = "JSON key of the text [input]"},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

typedef struct Counts {
  int64_t lines, ids, unknown;
} Counts;

static void put_id(const Tokenizer *t, int32_t id, json_t **ids, json_t **pieces, Counts *n) {
  json_push(ids, json_integer(id));
  json_push(pieces, json_string(tokenizer_piece(t, id)));
  n->ids++;
  n->unknown += id == tokenizer_unknown(t);
}

/* The "id" of a line, which may be any value. */
static json_t *line_id(const JsonDoc *doc, int64_t number) {
  json_t *id = json_object_get(doc->root, "id");
  return id ? json_incref(id) : json_sprintf("%" PRId64, number);
}

static Status answer_text(const Tokenizer *t, const JsonDoc *doc, const char *text, Counts *n,
                          FILE *out, Error *err) {
  int32_t *id;
  int64_t count;
  TRY(sequence_encode(t, text, INT64_MAX, &id, &count, err));
  json_t *line = json_object(), *ids = json_array(), *pieces = json_array();
  json_put(&line, "id", line_id(doc, n->lines++));
  for (int64_t i = 0; i < count; i++) put_id(t, id[i], &ids, &pieces, n);
  json_put(&line, "ids", ids);
  json_put(&line, "pieces", pieces);
  free(id);
  bool written = line && json_dumpf(line, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
  json_decref(line);
  return written ? STATUS_OK : error_set(err, STATUS_RUN, "a line of output cannot be written");
}

/* Reads a line, and answers it where there is somewhere to write to. */
static Status read_line(const TokensArguments *a, const Tokenizer *t, const Jsonl *lines, int64_t i,
                        Counts *n, FILE *out, Error *err) {
  const char *text;
  const JsonlLine line = jsonl_line(lines, i);
  JsonDoc doc = {.file = jsonl_path(lines), .line = line.number, .byte = line.byte};
  TRY(json_parse(&doc, line.text, line.size, err));
  Status status = json_get_string(&doc, a->input_key, &text, err);
  if (status == STATUS_OK && out) status = answer_text(t, &doc, text, n, out, err);
  json_free(&doc);
  return status;
}

/* Goes over the lines that are there, from `first` on; without `out` they are only checked. */
static Status read_lines(const TokensArguments *a, const Tokenizer *t, const Jsonl *lines,
                         int64_t first, Counts *n, FILE *out, Error *err) {
  TRY(jsonl_want_objects(lines, "{\"input\": \"2 + 2 =\"}", err));
  for (int64_t i = first; i < jsonl_count(lines); i++) TRY(read_line(a, t, lines, i, n, out, err));
  return STATUS_OK;
}

/* Nothing is written of a file with a bad line; what comes line by line is answered so. */
static Status answer_lines(const TokensArguments *a, const Tokenizer *t, Jsonl *lines, FILE *out,
                           Error *err) {
  Counts n = {0};
  bool ended = jsonl_ended(lines);
  if (ended) TRY(read_lines(a, t, lines, 0, &n, NULL, err));
  TRY(read_lines(a, t, lines, 0, &n, out, err));
  while (!jsonl_ended(lines)) {
    int64_t first = jsonl_count(lines);
    TRY(jsonl_more(lines, err));
    TRY(read_lines(a, t, lines, first, &n, out, err));
    if (!a->output) TRY(console_flush(err));
  }
  console_note(NULL, "tokens: %" PRId64 " of %" PRId64 " ids are <unk>, in %" PRId64 " lines",
               n.unknown, n.ids, n.lines);
  return STATUS_OK;
}

static Status answer(const TokensArguments *a, Error *err) {
  const char *const input[] = {a->base, a->input};
  if (a->output) TRY(output_check(a->output, &(OutputRule){a->force, input, 2}, err));
  Tokenizer *t = NULL;
  Jsonl *lines = NULL;
  AtomicFile file = {0};
  Status status = tokenizer_open(&t, a->base, err);
  if (status == STATUS_OK) status = jsonl_follow(&lines, a->input, err);
  if (status == STATUS_OK && a->output) status = atomic_open(&file, a->output, err);
  if (status == STATUS_OK)
    status = answer_lines(a, t, lines, a->output ? file.stream : stdout, err);
  if (status == STATUS_OK && a->output) status = atomic_commit(&file, err);
  atomic_abort(&file);
  jsonl_close(lines);
  tokenizer_close(t);
  return status;
}

static int run_tokens(int argc, char **argv, Error *err) {
  TokensArguments a = DEFAULTS;
  TRY(arguments_read(&ARGUMENTS, 0, &a, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 0, 0, "nothing but options", err));
  if (!a.base) return error_set(err, STATUS_USAGE, "--base: is required (the tokenizer)");
  if (!a.input) return error_set(err, STATUS_USAGE, "--input: is required (the texts)");
  return (int)answer(&a, err);
}

const Command command_tokens = {
    .name = "tokens",
    .summary = "the token ids of texts",
    .usage = usage,
    .run = run_tokens,
    .arguments = &ARGUMENTS,
    .defaults = &DEFAULTS,
};

/* skein convert: tensors of any file that skein reads, as safetensors. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/path.h"
#include "data/tensors/weights.h"
#include "tools/cmd/commands.h"
#include "tools/shell/arguments.h"
#include "tools/shell/facts.h"

typedef struct ConvertArguments {
  bool json, force;
  const char *below;
} ConvertArguments;

static const Argument ROWS[] = {
    {"below", .type = ARGUMENT_TEXT, .offset = offsetof(ConvertArguments, below), .value = "NAME"},
    {"force", .type = ARGUMENT_SWITCH, .offset = offsetof(ConvertArguments, force)},
    {"json", .type = ARGUMENT_SWITCH, .offset = offsetof(ConvertArguments, json)},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

/* The name of a file that is none: whoever opens it would take it for a pickle. */
static Status refuse_torch_name(const char *path, Error *err) {
  static const char *const END[] = {".bin", ".pt", ".pth", ".ckpt"};
  const char *end = strrchr(path_last(path), '.');
  for (size_t i = 0; end && i < sizeof END / sizeof *END; i++) {
    if (strcmp(end, END[i]) == 0)
      return error_set(err, STATUS_USAGE,
                       "%s: is the name of a PyTorch file, and safetensors are what is written; "
                       "name it .safetensors",
                       path);
  }
  return STATUS_OK;
}

/* A file, a directory of a model, or one of an adapter. */
static Status open_input(Weights **w, const char *path, Error *err) {
  char *mark = path_join(path, "adapter_config.json");
  *w = NULL;
  if (!mark) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  bool adapter = file_exists(mark);
  free(mark);
  return adapter ? weights_open_adapter(w, path, err) : weights_open(w, path, err);
}

/* Texts beside the tensors, which safetensors has no place for. */
static void add_texts(Facts *f, const Weights *w) {
  json_t *left_out = NULL;
  for (size_t i = 0; i < weights_tables(w); i++) {
    const TensorTable *t = weights_table(w, i);
    if (t->wrapper) facts_set(f, f->root, "names_begin_behind", facts_text(t->wrapper));
    for (size_t k = 0; t->format == FORMAT_TORCH && k < t->meta_count; k++) {
      if (!left_out) left_out = facts_object(f, f->root, "left_out_for_they_are_no_tensors");
      facts_set(f, left_out, t->meta[k].key, facts_text(t->meta[k].value));
    }
  }
}

static void add_left_out(Facts *f, const Weights *w, const char *below) {
  json_t *list = facts_array(f, f->root, "left_out_for_they_are_not_below");
  for (size_t i = 0; i < weights_count(w); i++) {
    const char *name = weights_entry(w, i)->name;
    if (!weights_is_below(name, below)) facts_append(f, list, facts_text(name));
  }
}

static void add_tensors(Facts *f, const Weights *w, const char *below) {
  json_t *shared = NULL;
  json_int_t count = 0;
  for (size_t i = 0; i < weights_count(w); i++) {
    const TensorEntry *e = weights_entry(w, i);
    if (!weights_is_below(e->name, below)) continue;
    count++;
    if (!e->sharer) continue;
    if (!shared) shared = facts_array(f, f->root, "shared_and_written_for_each_name");
    json_t *row = facts_row(f, shared);
    facts_set(f, row, "tensor", facts_text(e->name));
    facts_set(f, row, "shares_with", facts_text(e->sharer->name));
  }
  facts_set(f, f->root, "tensors", json_integer(count));
}

static Status describe(Facts *f, const Weights *w, const char *out, const char *below, Error *err) {
  struct stat info;
  if (stat(out, &info) != 0)
    return error_set_errno(err, STATUS_RUN, "%s: is written, and cannot be looked at", out);
  facts_set(f, f->root, "file", facts_text(out));
  facts_set(f, f->root, "from", facts_text(weights_path(w)));
  if (weights_passed(w)) facts_set(f, f->root, "not_read_beside_it", facts_text(weights_passed(w)));
  facts_set(f, f->root, "size_bytes", json_integer(info.st_size));
  add_tensors(f, w, below);
  if (below) add_left_out(f, w, below);
  add_texts(f, w);
  return STATUS_OK;
}

static Status convert(const ConvertArguments *a, const char *in, const char *out, Facts *f,
                      Error *err) {
  Weights *w;
  TRY(refuse_torch_name(out, err));
  TRY(output_check(out, &(OutputRule){a->force, &in, 1}, err));
  TRY(open_input(&w, in, err));
  Status status = weights_export(w, a->below, out, err);
  if (status == STATUS_OK) status = describe(f, w, out, a->below, err);
  weights_close(w);
  return status;
}

static int run_convert(int argc, char **argv, Error *err) {
  ConvertArguments a = {0};
  TRY(arguments_read(&ARGUMENTS, 0, &a, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 2, 2, "IN|OUT", err));
  Facts facts = facts_new();
  Status status = convert(&a, argv[optind], argv[optind + 1], &facts, err);
  if (status == STATUS_OK) status = facts_print(&facts, a.json, err);
  facts_free(&facts);
  return status;
}

const Command command_convert = {
    .name = "convert",
    .summary = "PyTorch files or shards as one safetensors file",
    .usage =
        "Examples:\n"
        "  skein convert t5/pytorch_model.bin t5/model.safetensors   a model of PyTorch\n"
        "  skein convert experts/boolq boolq.safetensors             an adapter of PEFT\n"
        "  skein convert --below model run.pt model.safetensors      a part of a training run\n"
        "\n"
        "Usage: skein convert [--below NAME] [--force] [--json] IN OUT\n"
        "\n"
        "IN is a PyTorch file (torch.save of a state dict: .bin, .pt, .pth), a safetensors file,\n"
        "or the directory of a model (one file, or shards with their index) or of a PEFT adapter.\n"
        "Its content decides, not its name. The pickle in a PyTorch file is read and not run:\n"
        "tensors in dictionaries, lists and tuples; anything else is refused by its name.\n"
        "\n"
        "OUT is one safetensors file; one that is there is refused. Names, types and bits are\n"
        "those of IN. Tensors that share memory (tied embeddings) are written for each name, as\n"
        "safetensors shares none; they are listed, and so are values that are no tensors, which\n"
        "are left out. Where one entry of the outermost dictionary has all the tensors and is\n"
        "called state_dict, model_state_dict, model or module, names begin behind it.\n"
        "\n"
        "  --below NAME   only the tensors NAME.*, and their names without it\n"
        "  --force        replace OUT, unless it is a part of IN\n"
        "  --json         print one JSON object\n",
    .run = run_convert,
    .arguments = &ARGUMENTS,
};

/* skein inspect: what is in a file or directory. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "data/file/file.h"
#include "data/file/hub.h"
#include "data/file/path.h"
#include "tools/cmd/commands.h"
#include "tools/inspect/inspect.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/arguments.h"

typedef struct Kind {
  const char *mark; /* a file that only this kind of directory has */
  Status (*inspect)(Inspection *in, const char *dir, Error *err);
} Kind;

static Status inspect_pool(Inspection *in, const char *dir, Error *err) {
  return pool_list(&in->facts, dir, false, err);
}

/* What skein trained is a run and, with its result in place, also the last that it is here. */
static const Kind kinds[] = {
    {"metrics.jsonl", inspect_run}, {"adapter_config.json", inspect_expert},
    {"config.json", inspect_model}, {"modules.json", inspect_modules},
    {"pool.yaml", inspect_pool},
};

static Status inspect_directory(Inspection *in, const char *dir, Error *err) {
  bool known = false;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    char *mark = path_join(dir, kinds[i].mark);
    if (!mark) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
    bool found = file_exists(mark);
    free(mark);
    if (found) TRY(kinds[i].inspect(in, dir, err));
    known |= found;
  }
  if (known) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: neither a base or an encoder of sentences (config.json), an expert "
                   "(adapter_config.json), a run (metrics.jsonl) nor a pool (pool.yaml)",
                   dir);
}

static Status inspect_path(Inspection *in, const char *path, Error *err) {
  struct stat st;
  if (stat(path, &st) != 0) {
    int cause = errno;
    const HubHint hint = hub_hint(path);
    errno = cause;
    return error_set_errno(err, STATUS_INPUT, "%s%s", path, cause == ENOENT ? hint.text : "");
  }
  return S_ISDIR(st.st_mode) ? inspect_directory(in, path, err) : inspect_file(in, path, err);
}

typedef struct InspectArguments {
  bool json, names;
  const char *base;
} InspectArguments;

#define AT(field) offsetof(InspectArguments, field)

static const Argument ROWS[] = {
    {"json", .type = ARGUMENT_SWITCH, .offset = AT(json)},
    {"names", .type = ARGUMENT_SWITCH, .offset = AT(names)},
    {"base", .type = ARGUMENT_TEXT, .offset = AT(base), .value = "DIR"},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

static int run_inspect(int argc, char **argv, Error *err) {
  InspectArguments a = {0};
  TRY(arguments_read(&ARGUMENTS, 0, &a, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 1, 1, "a file or directory", err));
  Inspection in = {.facts = facts_new(), .values = !a.names, .base = a.base};
  Status status = inspect_path(&in, argv[optind], err);
  if (status == STATUS_OK) status = facts_print(&in.facts, a.json, err);
  facts_free(&in.facts);
  return status;
}

const Command command_inspect = {
    .name = "inspect",
    .summary = "what is in a model, an expert, a gate, a run or a pool",
    .usage =
        "Examples:\n"
        "  skein inspect runs/boolq/gate.safetensors              the gates of an expert\n"
        "  skein inspect --json experts/boolq | jq '.modules[0]'  an expert, for a program\n"
        "\n"
        "Usage: skein inspect [--json] [--names] [--base DIR] FILE|DIR\n"
        "\n"
        "FILE is a safetensors file or one of PyTorch (.bin, .pt), of which nothing is run. DIR\n"
        "is a Hugging Face T5 or an encoder of sentences (config.json), a PEFT LoRA or (IA)3\n"
        "(adapter_config.json), what `skein train` wrote (metrics.jsonl) or a pool of experts\n"
        "(pool.yaml). The file is checked\n"
        "as strictly as when it is used. Minimum, maximum, mean and norm are over finite values;\n"
        "the others are counted.\n"
        "\n"
        "  --json       print one JSON object\n"
        "  --names      read names and shapes only, not the numbers\n"
        "  --base DIR   check an expert against this T5, too\n",
    .run = run_inspect,
    .arguments = &ARGUMENTS,
};

/* skein pool: experts and their gates, put together, checked and compared. */
#include <string.h>

#include "autograd/ground/nearest.h"
#include "tools/cmd/commands.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/arguments.h"
#include "tools/shell/console.h"

static const char usage[] =
    "skein pool: put experts and their gates together, check them, compare pools\n"
    "\n"
    "Examples:\n"
    "  skein pool init goose --base models/t5\n"
    "  skein pool add goose boolq --adapter experts/boolq --gate runs/boolq/gate.safetensors \\\n"
    "      --instruction 'Answer the question by yes or no.' --licence Apache-2.0\n"
    "  skein pool ls goose\n"
    "  skein pool check goose\n"
    "  skein pool diff goose goose-before\n"
    "  skein pool import phatgoose t0 --checkpoint best.pt --base models/t5-xl-lm-adapt\n"
    "  skein pool export peft t0 t0-adapters\n"
    "  skein pool merge t0 --method ties --density 0.2 -o t0-ties\n"
    "\n"
    "Usage:\n"
    "  skein pool init POOL --base DIR         a new pool for experts of this T5\n"
    "  skein pool add POOL NAME --adapter DIR [--gate FILE] [--activation FILE]\n"
    "                 [--instruction TEXT|@FILE | --instruction-file FILE] [--licence TEXT]\n"
    "                 [--base DIR] [--replace]\n"
    "                 [--require-provenance]\n"
    "  skein pool set POOL NAME [--instruction TEXT|@FILE | --instruction-file FILE]\n"
    "                 [--licence TEXT]\n"
    "                                          other texts of an expert; its files stay\n"
    "  skein pool set POOL --gates DIR [--base DIR] [--replace]\n"
    "                                          gates that `skein train gates` made in DIR, for "
    "all\n"
    "                                          experts that it made some for, or for none\n"
    "  skein pool rm POOL NAME                 take an expert out and delete its files\n"
    "  skein pool ls POOL [--json]             the experts\n"
    "  skein pool check POOL [--base DIR] [--json] [--require-provenance] [--sample FILE]\n"
    "                 [--embedder DIR] [--strict]\n"
    "                                          read and check everything\n"
    "  skein pool diff BEFORE AFTER [--json]   what became of the experts\n"
    "  skein pool import phatgoose POOL --checkpoint FILE --base DIR [--names FILE]\n"
    "                 [--raw-gates] [--json]   a new pool of the experts in PHATGOOSE's best.pt\n"
    "  skein pool import glider POOL --directory DIR --base DIR [--embeddings FILE]\n"
    "                 [--embedder NAME] [--raw-gates] [--json]\n"
    "                                          a new pool of GLIDER's <task>_best.pt\n"
    "  skein pool export phatgoose|glider|peft POOL OUT [--base DIR] [--json]\n"
    "                                          what their code loads: a file, or a directory\n"
    "  skein pool merge POOL -o DIR [--method METHOD] [--weights W] [--experts NAME,...]\n"
    "                 [--rank R] [--density P] [--scope module|expert] [--seed N]\n"
    "                 [--compat peft] [--base DIR] [--json]\n"
    "                                          its experts as one adapter, a PEFT directory\n"
    "\n"
    "      --adapter DIR       PEFT directory of a LoRA or (IA)3, or a checkpoint of T-Few (a "
    "file);\n"
    "                          PyTorch's files go into the pool as adapter_model.safetensors, for\n"
    "                          a pool holds no pickles\n"
    "      --gate FILE         what `skein train gate` wrote for it, or gates of others; without\n"
    "                          it phatgoose and glider cannot route to the expert, until gates\n"
    "                          are set\n"
    "      --activation FILE   what `skein train activation` wrote for it\n"
    "      --instruction TEXT  what the expert is for, which glider routes by; @FILE reads it\n"
    "      --instruction-file FILE\n"
    "                          the same from a file of `skein instruct`, by the expert's NAME\n"
    "      --licence TEXT      recorded with the expert\n"
    "      --base DIR          the T5 of the pool, where it is not where init found it\n"
    "      --replace           an expert of this name gives way: the new one has its place, and "
    "its\n"
    "                          instruction and licence where no others are given; of set: so do "
    "the\n"
    "                          gates that are there\n"
    "      --require-provenance\n"
    "                          refuse gates that do not say which base and expert they are of\n"
    "      --names FILE        names of the experts in the order of their numbers, one a line;\n"
    "                          without it those of the 36 sets of P3\n"
    "      --embeddings FILE   vectors of the experts' instructions, {task: vector}\n"
    "      --embedder NAME     what made them; the queries' vectors must name the same\n"
    "      --embedder DIR      of check: an encoder of sentences, to make its vectors again with\n"
    "      --raw-gates         routers take the gates as they are, as GLIDER's runs of Arrow do\n"
    "      --sample FILE       JSONL of {\"input\", \"target\"} to look at gates with; without it "
    "a dozen\n"
    "                          English tasks\n"
    "      --strict            what is suspicious is an error\n"
    "  -o, --output DIR        of merge: a new directory\n"
    "      --method METHOD     cat, linear, svd, ties, dare-linear, dare-ties, magnitude, tsv or\n"
    "                          iso; skein help routers says what they are\n"
    "      --weights W         a number for all experts, or NAME=NUMBER,... of all of them;\n"
    "                          without it 1 / n of the n that cover a module, or 1 (ties, tsv,\n"
    "                          iso)\n"
    "      --experts NAME,...  those that are merged; without it all\n"
    "      --rank R            of the merged updates, and at most all of it; without it nothing\n"
    "                          is lost, but svd has the largest rank of its experts\n"
    "      --density P         part of the numbers that ties, dare and magnitude keep (0.2)\n"
    "      --scope SCOPE       what it is a part of: each module's update, or all of an expert\n"
    "      --seed N            of what dare drops (42)\n"
    "      --compat peft       the arithmetic of PEFT's add_weighted_adapter\n"
    "      --json              print one JSON object\n"
    "\n"
    "POOL/pool.yaml lists the experts; its order is their order. `add` checks everything that a\n"
    "run checks, and every number, before it copies the files into POOL/experts/NAME. NAME is at\n"
    "most 100 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.\n"
    "\n"
    "`check` compares all files with pool.yaml, the adapters and gates with the base, and prints\n"
    "one line for each finding; it exits with 0 when there are only notes, with 3 for a file that\n"
    "is malformed or of no use, with 4 for parts that do not belong together.\n"
    "\n"
    "Gates of others are safetensors or .pt with a vector <module>.gate, or the names that "
    "PHATGOOSE\n"
    "and GLIDER give, with or without base_model.model. before them. Such a file does not say "
    "which\n"
    "base and expert its gates were trained on: the pool records provenance: unverified, as it "
    "does\n"
    "for everything that is imported, and ls, check and the tables of an evaluation say so. "
    "Vectors\n"
    "of mean 0 and variance 1 were standardised before, and routers take them as they are.\n"
    "\n"
    "An import reads alpha 1 (a scale of 1 / rank), as the code of both papers has it, makes a "
    "new\n"
    "pool, whole or not at all, and prints what it read and what it did not use. An export pads\n"
    "ranks and scales B where the form of the others has one rank and no alpha, and prints that.\n"
    "\n"
    "`check` also looks at gates on a sample of text: on what share of it each comes first, and "
    "the\n"
    "cosine of the gate with the mean input of its modules; both means over modules. It notes a "
    "gate\n"
    "that comes first at more than 3 times the odds of a share, a cosine above 0.55 (vectors of\n"
    "`train activation` are such, and win tokens of any task), an expert that is another's copy\n"
    "(cosine of gates and of updates above 0.999) or nearly so (either above 0.95); --strict "
    "makes\n"
    "errors of these notes. Embeddings that can be made again are, and must be the same; those of\n"
    "an encoder of sentences with --embedder, and others are told. What a gate does on text "
    "unlike\n"
    "the pool's tasks says little: give lines of your own.\n"
    "\n"
    "`merge` works on the updates alpha / r B A of the experts, exactly, whatever their ranks,\n"
    "and writes them as a LoRA in f32 with merge.json beside, which says of what. cat, linear:\n"
    "their weighted sum; svd: its nearest of a lower rank; tsv, iso: by their singular\n"
    "directions; ties, dare-*, magnitude: number by number, which has every rank: whole, the\n"
    "adapter is as large as the linears of the base. With --rank it is smaller, and what that\n"
    "loses is printed (`lost`, |merged - adapter| / |merged|). PEFT merges A and B apart, which\n"
    "mixes one expert's B with another's A: --compat peft has its numbers. (IA)3 have cat and\n"
    "linear.\n"
    "\n"
    "`diff` shows for a changed expert and each group of modules by how much its factors and\n"
    "gates moved: |after - before| / |before|, in the Euclidean norm over the group. It exits as\n"
    "diff does: 0 when nothing differs, 1 when something does, 2 or more for trouble.\n";

enum { INIT, ADD, SET, REMOVE, LIST, CHECK, DIFF, IMPORT, EXPORT, MERGE, VERB_COUNT };

static const struct {
  const char *name;
  int count;
} OPERANDS[VERB_COUNT] = {
    [INIT] = {"POOL", 1},
    [ADD] = {"POOL|NAME", 2},
    [SET] = {"POOL|NAME", 2},
    [REMOVE] = {"POOL|NAME", 2},
    [LIST] = {"POOL", 1},
    [CHECK] = {"POOL", 1},
    [DIFF] = {"BEFORE|AFTER", 2},
    [IMPORT] = {"the format (phatgoose or glider)|POOL", 2},
    [EXPORT] = {"the format (phatgoose, glider or peft)|POOL|OUT", 3},
    [MERGE] = {"POOL", 1},
};

#define AT(field) offsetof(PoolOptions, field)
#define OF(verb)  (1u << (verb))

static const Argument ROWS[] = {
    {"base", 0, ARGUMENT_TEXT, AT(base),
     .forms = OF(INIT) | OF(ADD) | OF(SET) | OF(CHECK) | OF(IMPORT) | OF(EXPORT) | OF(MERGE),
     .value = "DIR"},
    {"adapter", 0, ARGUMENT_TEXT, AT(adapter), .forms = OF(ADD), .value = "DIR"},
    {"gate", 0, ARGUMENT_TEXT, AT(gate), .forms = OF(ADD), .value = "FILE"},
    {"gates", 0, ARGUMENT_TEXT, AT(gates), .forms = OF(SET), .value = "DIR"},
    {"activation", 0, ARGUMENT_TEXT, AT(activation), .forms = OF(ADD), .value = "FILE"},
    {"instruction", 0, ARGUMENT_PROSE, AT(instruction), .forms = OF(ADD) | OF(SET),
     .value = "TEXT"},
    {"instruction-file", 0, ARGUMENT_TEXT, AT(instruction_file), .forms = OF(ADD) | OF(SET),
     .value = "FILE"},
    {"licence", 0, ARGUMENT_PROSE, AT(licence), .forms = OF(ADD) | OF(SET), .value = "TEXT"},
    {"replace", 0, ARGUMENT_SWITCH, AT(replace), .forms = OF(ADD) | OF(SET)},
    {"json", 0, ARGUMENT_SWITCH, AT(json),
     .forms = OF(LIST) | OF(CHECK) | OF(DIFF) | OF(IMPORT) | OF(EXPORT) | OF(MERGE)},
    {"require-provenance", 0, ARGUMENT_SWITCH, AT(require_provenance),
     .forms = OF(ADD) | OF(CHECK)},
    {"checkpoint", 0, ARGUMENT_TEXT, AT(checkpoint), .forms = OF(IMPORT), .value = "FILE"},
    {"directory", 0, ARGUMENT_TEXT, AT(directory), .forms = OF(IMPORT), .value = "DIR"},
    {"names", 0, ARGUMENT_TEXT, AT(names), .forms = OF(IMPORT), .value = "FILE"},
    {"embeddings", 0, ARGUMENT_TEXT, AT(embeddings), .forms = OF(IMPORT), .value = "FILE"},
    {"embedder", 0, ARGUMENT_TEXT, AT(embedder), .forms = OF(CHECK) | OF(IMPORT),
     .value = "NAME|DIR"},
    {"raw-gates", 0, ARGUMENT_SWITCH, AT(raw_gates), .forms = OF(IMPORT)},
    {"sample", 0, ARGUMENT_TEXT, AT(sample), .forms = OF(CHECK), .value = "FILE"},
    {"strict", 0, ARGUMENT_SWITCH, AT(strict), .forms = OF(CHECK)},
    {"output", 'o', ARGUMENT_TEXT, AT(output), .forms = OF(MERGE), .value = "DIR"},
    {"method", 0, ARGUMENT_TEXT, AT(method), .forms = OF(MERGE),
     .value = "cat|linear|svd|ties|dare-linear|dare-ties|magnitude|tsv|iso"},
    {"weights", 0, ARGUMENT_TEXT, AT(weights), .forms = OF(MERGE), .value = "W"},
    {"experts", 0, ARGUMENT_TEXT, AT(experts), .forms = OF(MERGE), .value = "NAME,..."},
    {"rank", 0, ARGUMENT_TEXT, AT(rank), .forms = OF(MERGE), .value = "R"},
    {"density", 0, ARGUMENT_TEXT, AT(density), .forms = OF(MERGE), .value = "P"},
    {"scope", 0, ARGUMENT_TEXT, AT(scope), .forms = OF(MERGE), .value = "module|expert"},
    {"seed", 0, ARGUMENT_TEXT, AT(seed), .forms = OF(MERGE), .value = "N"},
    {"compat", 0, ARGUMENT_TEXT, AT(compat), .forms = OF(MERGE), .value = "none|peft"},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

static const CommandVerb VERBS[VERB_COUNT + 1] = {
    [INIT] = {.name = "init", .form = OF(INIT)},
    [ADD] = {.name = "add", .form = OF(ADD)},
    [SET] = {.name = "set", .form = OF(SET)},
    [REMOVE] = {.name = "rm", .form = OF(REMOVE)},
    [LIST] = {.name = "ls", .form = OF(LIST)},
    [CHECK] = {.name = "check", .form = OF(CHECK)},
    [DIFF] = {.name = "diff", .form = OF(DIFF)},
    [IMPORT] = {.name = "import", .form = OF(IMPORT), .words = "phatgoose|glider"},
    [EXPORT] = {.name = "export", .form = OF(EXPORT), .words = "phatgoose|glider|peft"},
    [MERGE] = {.name = "merge", .form = OF(MERGE)},
};

static Status find_verb(int argc, char **argv, int *verb, Error *err) {
  for (*verb = 0; argc > 1 && *verb < VERB_COUNT; ++*verb) {
    if (strcmp(argv[1], VERBS[*verb].name) == 0) return STATUS_OK;
  }
  if (argc < 2) {
    return error_set(
        err, STATUS_USAGE,
        "pool: init, add, set, rm, ls, check, diff, import, export or merge is missing; see "
        "skein pool --help");
  }
  const char *names[VERB_COUNT];
  for (int i = 0; i < VERB_COUNT; i++) names[i] = VERBS[i].name;
  return error_set(
      err, STATUS_USAGE,
      "pool: '%s' is none of init, add, set, rm, ls, check, diff, import, export, merge%s", argv[1],
      nearest_hint(argv[1], names, VERB_COUNT).text);
}

static Status print_list(const char *dir, bool json, Error *err) {
  Facts f = facts_new();
  Status status = pool_list(&f, dir, json, err);
  if (status == STATUS_OK) status = facts_print(&f, json, err);
  facts_free(&f);
  return status;
}

static Status run_verb(int verb, char **operand, const PoolOptions *o, Error *err) {
  switch (verb) {
    case INIT:
      return pool_init(operand[0], o, err);
    case ADD:
      return pool_add(operand[0], operand[1], o, err);
    case SET:
      return o->gates ? pool_set_gates(operand[0], o, err)
                      : pool_set(operand[0], operand[1], o, err);
    case REMOVE:
      return pool_remove(operand[0], operand[1], err);
    case LIST:
      return print_list(operand[0], o->json, err);
    case CHECK:
      return pool_check(operand[0], o, err);
    case IMPORT:
      return pool_import(operand[0], operand[1], o, err);
    case MERGE:
      return pool_merge(operand[0], o, err);
    default:
      return pool_export(operand[0], operand[1], operand[2], o, err);
  }
}

/* The exit code of `diff`, of which 1 is no failure: what would be 1 elsewhere is 2, as of diff. */
static int run_diff(char **operand, const PoolOptions *o, Error *err) {
  bool differ = false;
  Status status = pool_diff(operand[0], operand[1], o, &differ, err);
  if (status == STATUS_OK) status = console_flush(err);
  if (status == STATUS_RUN) return STATUS_USAGE;
  return status == STATUS_OK ? differ : (int)status;
}

/* The options of a verb; one that another has is told from one that is unknown. */
static Status read_options(PoolOptions *o, int verb, int argc, char **argv, Error *err) {
  uint64_t given;
  TRY(arguments_read(&ARGUMENTS, 0, o, &given, argc, argv, err));
  const Argument *stranger = arguments_stranger(&ARGUMENTS, OF(verb), given);
  if (stranger) {
    return error_set(err, STATUS_USAGE, "pool %s: takes no --%s; see skein pool --help",
                     VERBS[verb].name, stranger->name);
  }
  int count = OPERANDS[verb].count;
  if (verb == SET && o->gates) return command_operands(argc, argv, 1, 1, "POOL", err);
  return command_operands(argc, argv, count, count, OPERANDS[verb].name, err);
}

static int run_pool(int argc, char **argv, Error *err) {
  int verb;
  PoolOptions o = {0};
  TRY(find_verb(argc, argv, &verb, err));
  char *name = argv[0];
  argv++, argc--;
  argv[0] = name; /* which messages about options begin with */
  TRY(read_options(&o, verb, argc, argv, err));
  if (verb == DIFF) return run_diff(argv + optind, &o, err);
  return run_verb(verb, argv + optind, &o, err);
}

const Command command_pool = {
    .name = "pool",
    .summary = "put experts and their gates together; check and compare pools",
    .usage = usage,
    .run = run_pool,
    .arguments = &ARGUMENTS,
    .verbs = VERBS,
};

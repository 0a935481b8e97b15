/* skein: the program. Finds the subcommand, runs it, and turns its Status into the one line of an
 * error and the exit code. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "autograd/ground/nearest.h"
#include "autograd/ground/version.h"
#include "autograd/kernel/kernels.h"
#include "autograd/product/blas.h"
#include "data/file/hash.h"
#include "data/tokenizer/tokenizer.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/help_routers.h"
#include "tools/manual/manual.h"
#include "tools/shell/console.h"
#include "tools/shell/process.h"

static const Command *const commands[] = {
    &command_train,      &command_pool,     &command_embed,   &command_instruct, &command_calibrate,
    &command_score,      &command_generate, &command_eval,    &command_ablate,   &command_compare,
    &command_plot,       &command_report,   &command_suggest, &command_trace,    &command_methods,
    &command_inspect,    &command_convert,  &command_tokens,  &command_bench,    &command_doctor,
    &command_completion, &command_manual,
};
enum { COMMANDS = sizeof commands / sizeof *commands, WORDS = COMMANDS + 3 };

static const char about[] =
    "skein: gates and routing over LoRA experts of T5\n"
    "\n"
    "Examples:\n"
    "  skein train gate -c gate.yaml       learn the gates of an expert\n"
    "  skein inspect experts/boolq         what is in a checkpoint, an expert or a gate\n"
    "\n"
    "Usage: skein COMMAND [ARGUMENTS]\n"
    "\n"
    "Commands:\n";

static const char about_end[] =
    "\n"
    "skein help COMMAND tells more about one, skein help routers about every way to route;\n"
    "skein --version names this build.\n"
    "\n"
    "Exit codes: 0 done, 1 failed while running, 2 wrong usage or configuration, 3 unreadable or\n"
    "malformed input, 4 parts that do not belong together, 5 a network endpoint failed,\n"
    "6 finished with some parts failed, 130 interrupted after saving,\n"
    "141 whoever read the output has left. Of `skein pool diff`, as of\n"
    "diff: 0 no difference, 1 differences, 2 or more trouble.\n";

/* A mapped file that was cut short or overwritten raises SIGBUS when it is read. */
static void on_bus_error(int signal) {
  (void)signal;
  process_end(
      "skein: error: a mapped file changed while in use; start again when nothing writes to it\n",
      STATUS_INPUT);
}

static void set_signals(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, bus = {.sa_handler = on_bus_error};
  sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is a failed write */
  sigaction(SIGXFSZ, &ignore, NULL); /* so is a file that reaches its size limit */
  sigaction(SIGBUS, &bus, NULL);
}

/* For libraries that do not survive to be without memory. */
static void end_without_memory(void) {
  process_end("skein: error: out of memory\n", STATUS_RUN);
}

/* malloc for jansson, which corrupts the heap when it fails in its lexer. */
static void *safe_memory(size_t size) {
  void *memory = malloc(size);
  if (!memory) end_without_memory();
  return memory;
}

/* libcrypto locks what it could not allocate. */
static void *crypto_memory(size_t size, const char *place, int line) {
  (void)place;
  (void)line;
  return size ? safe_memory(size) : NULL;
}

static void *crypto_change(void *memory, size_t size, const char *place, int line) {
  if (size == 0) {
    free(memory);
    return NULL;
  }
  void *changed = realloc(memory, size);
  if (!changed) end_without_memory();
  (void)place;
  (void)line;
  return changed;
}

static void crypto_free(void *memory, const char *place, int line) {
  (void)place;
  (void)line;
  free(memory);
}

/* SentencePiece throws where nothing may be thrown. */
static void prepare_libraries(void) {
  json_set_alloc_funcs(safe_memory, free);
  hash_set_memory(&(HashMemory){crypto_memory, crypto_change, crypto_free});
  tokenizer_on_no_memory(end_without_memory);
  blas_init();
}

/* If a standard stream is closed, the next file opened would take its number and receive what is
 * printed. A read-only descriptor in its place makes prints fail instead. */
static void hold_standard_streams(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) _exit(STATUS_RUN);
  }
}

static Program whole_program(void) {
  return (Program){.name = "skein",
                   .version = version_text(),
                   .summary = "gates and routing over LoRA experts of T5",
                   .about = about,
                   .behind = about_end,
                   .command = commands,
                   .commands = COMMANDS};
}

static const Command *find_command(const char *name, Error *err) {
  const char *names[WORDS] = {"help", "--help", "--version"};
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
    names[WORDS - COMMANDS + i] = commands[i]->name;
  }
  error_set(err, STATUS_USAGE, "unknown %s '%s'; skein help lists the commands%s",
            *name == '-' ? "option" : "command", name, nearest_hint(name, names, WORDS).text);
  return NULL;
}

static bool asks_help(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
  }
  return false;
}

static int run_command(int argc, char **argv, Error *err) {
  const Program program = whole_program();
  if (argc < 2)
    return error_set(err, STATUS_USAGE, "no command given; skein help lists the commands");
  const char *name = argv[1];
  if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0 || strcmp(name, "version") == 0) {
    printf("skein %s\n", version_text());
    return STATUS_OK;
  }
  bool help = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
  if (help && argc == 2) {
    manual_program_help(&program, stdout);
    return STATUS_OK;
  }
  if (help) argv++, argc--;
  if (help && strcmp(argv[1], "routers") == 0) {
    help_routers();
    return STATUS_OK;
  }
  const Command *command = find_command(argv[1], err);
  if (!command) return err->status;
  if (help || asks_help(argc - 1, argv + 1)) {
    manual_command_help(command, argc > 2 ? argv[2] : NULL, stdout);
    return STATUS_OK;
  }
  if (command->tell) return command->tell(&program, argc - 1, argv + 1, err);
  return command->run(argc - 1, argv + 1, err);
}

/* OpenBLAS takes buffers of 128 MiB and waits for ever, even at exit, when it cannot have them. */
static void refuse_small_address_space(void) {
  const rlim_t least = (rlim_t)512 << 20;
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= least) return;
  console_error("the limit on address space (ulimit -v) is below 512 MiB, which OpenBLAS needs");
  _exit(STATUS_RUN);
}

int main(int argc, char **argv) {
  Error err = {0};
  hold_standard_streams();
  process_calm_threads(argv);
  refuse_small_address_space();
  set_signals();
  prepare_libraries();
  int status = (int)kernels_check(&err);
  if (status == STATUS_OK) status = run_command(argc, argv, &err);
  /* Output that did not arrive is a failure, whatever the command thought. */
  if (status == STATUS_OK) status = (int)console_flush(&err);
  if (err.status != STATUS_OK && err.status != STATUS_UNREAD) console_error(err.text);
  return status;
}

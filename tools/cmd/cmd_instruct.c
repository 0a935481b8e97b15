/* skein instruct: instructions of experts and tasks, written by a language model. */
#include <stdlib.h>

#include "tools/cmd/commands.h"
#include "tools/instruct/instruct_tool.h"

static const char usage[] =
    "skein instruct: have a language model write instructions from examples\n"
    "\n"
    "Examples:\n"
    "  skein instruct --endpoint http://127.0.0.1:8080/v1 --model qwen3 \\\n"
    "      --input boolq=boolq.jsonl --input rte=rte.jsonl --output instructions.jsonl --dry-run\n"
    "  skein instruct --endpoint http://127.0.0.1:11434/v1 --model llama3.2 \\\n"
    "      --input boolq=boolq.jsonl --output boolq.instruction.jsonl --pool pools/t0\n"
    "  skein instruct --endpoint http://127.0.0.1:8080/v1 --model qwen3 --input a=a.jsonl \\\n"
    "      --input b=b.jsonl --output ab.jsonl --repeat 5 --embedder all-MiniLM-L6-v2/\n"
    "\n"
    "Usage: skein instruct --endpoint URL --model NAME --input NAME=FILE... --output FILE\n"
    "                      [OPTION]...\n"
    "\n"
    "An endpoint is what speaks the API of OpenAI: llama.cpp's server, vLLM, Ollama, and those "
    "that\n"
    "are paid for. It is sent a few examples of the data, drawn by the seed. To this machine\n"
    "(127.0.0.0/8 and ::1, by the address that is connected) they go freely; to any other only\n"
    "with --share-examples. --dry-run shows every word that would be sent. A key comes from the\n"
    "environment and is written nowhere.\n"
    "\n"
    "An answer is kept when it is one sentence of at most 600 bytes on one line, and copies no "
    "six\n"
    "words in a row, name or number of some of the examples (what stands in all of them is the\n"
    "task's own wording). Else the model is told why, and answers again. Answers are kept in\n"
    "FILE.cache, by everything they depend on: a run that was cut off goes on, and nothing is "
    "paid\n"
    "for twice.\n"
    "\n"
    "The report of --repeat R has for each name the mean distance (1 - cosine) of two of its\n"
    "instructions (within), the other name that is nearest and how far (apart), and how many of\n"
    "the R - 1 instructions behind the first would stray as a query: another's first is nearer\n"
    "than its own (strayed, taken for). --embedder says whose vectors these are of: lexical,\n"
    "encoder with --base, endpoint with --embed-model, or the directory of an encoder of\n"
    "sentences, with the prompt or prefix that it is to be used with.\n"
    "\n"
    "Lines of FILE: {\"name\", \"instruction\", \"sample\", \"question\"}, R of them a name, the "
    "first\n"
    "being the name's instruction. `skein pool set POOL NAME --instruction-file FILE` takes it\n"
    "from there, as does `pool add`; `instructions: FILE` of an evaluation gives them to tasks.\n"
    "\n";

static int run_instruct(int argc, char **argv, Error *err) {
  InstructOptions o;
  Status status = instruct_options_read(&o, argc, argv, err);
  if (status == STATUS_OK) status = instruct_run(&o, err);
  free(o.input.text);
  return (int)status;
}

const Command command_instruct = {
    .name = "instruct",
    .summary = "have a language model write the instructions of experts from examples",
    .usage = usage,
    .run = run_instruct,
    .arguments = &instruct_arguments,
    .defaults = &instruct_defaults,
};

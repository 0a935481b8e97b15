/* bench_asked: benchmarks of the parts that a user names, repeated as often as asked.
 *
 * Every line on standard input asks for one repetition, which answers with one line of JSON on
 * standard output: {"seconds", "peak_bytes", ...}. So another program can be measured in turn, each
 * waiting without computing while the other runs.
 *
 * The room tools/bench owns what is measured, and the scripts that compare it with other programs.
 * It times the code that the commands run and has no faster way of its own. */
#ifndef SKEIN_BENCH_ASKED_H
#define SKEIN_BENCH_ASKED_H

#include <jansson.h>
#include <stdbool.h>

#include "tools/shell/arguments.h"

/* Reads a line of standard input; false at its end. */
bool bench_asked(void);
/* Prints an answer, with the peak of resident memory so far; steals the reference. */
Status bench_answer(json_t *line, double seconds, Error *err);

/* skein bench gate: the step of `skein train gate`, over and over on the examples of its first. */
int bench_gate(int argc, char **argv, Error *err);
extern const ArgumentTable bench_gate_arguments;
/* skein bench score, skein bench generate: what the commands of these names do with the items of a
 * file, all in one call. */
int bench_score(int argc, char **argv, Error *err);
int bench_generate(int argc, char **argv, Error *err);
/* skein bench embed: what `skein embed --embedder DIR` does with the texts of a file. */
int bench_embed(int argc, char **argv, Error *err);
extern const ArgumentTable bench_embed_arguments;

#endif

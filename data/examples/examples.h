/* examples: lines of JSONL files as token ids.
 *
 * The room data/examples owns what a model is given: examples to learn from and their batches
 * (batch.h), items to be asked (items.h), a text as a sequence of tokens (sequence.h), and the
 * corruption of raw text. It may not know models or experts, nor what is done with a batch.
 *
 * Ids are truncated to the maximum length, EOS always kept as the last. Every line is checked when
 * the set is opened (JSON, keys, types), so a bad line is found before training starts, not in the
 * middle of it. */
#ifndef SKEIN_EXAMPLES_H
#define SKEIN_EXAMPLES_H

#include "data/examples/mixture.h"
#include "data/text/jsonl.h"
#include "data/tokenizer/tokenizer.h"

typedef struct Example {
  int32_t *input;  /* [input_len], EOS last; owned */
  int32_t *target; /* [target_len], EOS last; of choices one after the other, each so; owned */
  int64_t input_len, target_len;
  int64_t *choice; /* [choices + 1] where each choice begins in target; NULL: no choices; owned */
  int64_t choices, right; /* how many, and which of them is right */
} Example;

/* Ends the message about a line that lacks a key. */
#define KEYS_RULE "other keys are named by --input-key, input_key and the like"

/* What becomes of lines with "choices" [texts] of which the "label" (an index) or, without one, the
 * target says which is right. */
typedef enum ChoiceUse {
  CHOICES_UNREAD, /* the target is all that is read */
  CHOICES_RIGHT,  /* the right choice is the target, where there are choices */
  CHOICES_ALL,    /* every line has choices, and all are read */
} ChoiceUse;

typedef struct ExampleKeys {
  const char *input;  /* key of the input text */
  const char *target; /* key of the target text */
  const char *text;   /* key of raw text, for lines that have no input/target; NULL: not accepted */
  ChoiceUse use;
  const char *choices, *label; /* keys; unread with CHOICES_UNREAD */
} ExampleKeys;

typedef struct ExampleSet ExampleSet;

/* Files whose examples are drawn together (mixture.h). */
typedef struct SourceFile {
  const char *path;
  double weight; /* above 0; 0 in all of them: none has one */
} SourceFile;
typedef struct ExampleSource {
  const SourceFile *file; /* [files] */
  size_t files;
  int64_t cap; /* the most of a file that an epoch draws; 0: all of it */
} ExampleSource;

/* JSONL files, at least one, with their keys checked in every line; an empty file is an error, as are
 * maximum lengths below 1, weights beside a cap, and weights that leave a file without a single
 * example of an epoch. Example i counts through the files in their order. The tokenizer is borrowed.
 */
Status examples_open_files(ExampleSet **set, const ExampleSource *source, const ExampleKeys *keys,
                           const Tokenizer *tokenizer, int64_t max_input, int64_t max_target,
                           Error *err);
/* The same of one file. */
Status examples_open(ExampleSet **set, const char *path, const ExampleKeys *keys,
                     const Tokenizer *tokenizer, int64_t max_input, int64_t max_target, Error *err);
void examples_close(ExampleSet *set);          /* NULL is allowed */
int64_t examples_count(const ExampleSet *set); /* of all files together */
/* SHA-256 of what is drawn: of the (decompressed) text of one file, or over that and the share of
 * each of several. */
const char *examples_hash(const ExampleSet *set);

/* How many examples each file has, which are drawn, and in which order. */
const Mixture *examples_mixture(const ExampleSet *set);
/* File `file` of them: its path, and SHA-256 of its (decompressed) text; borrowed. */
const char *examples_file_path(const ExampleSet *set, size_t file);
const char *examples_file_hash(const ExampleSet *set, size_t file);

/* The line of example i as it stands in its file; borrowed. */
JsonlLine examples_line(const ExampleSet *set, int64_t i);

/* Tokens of example i as input -> target. Thread-safe. Free with example_free. */
Status examples_get(const ExampleSet *set, int64_t i, Example *out, Error *err);
void example_free(Example *e);

/* Trains a tokenizer of `pieces` pieces on every text of JSONL files (tokenizer_train), whatever their
 * weights, and writes it to `out`. `setting` says in messages what sets the pieces. */
Status examples_train_tokenizer(const ExampleSource *source, const ExampleKeys *keys,
                                int32_t pieces, const char *setting, const char *out, Error *err);

/* How raw text becomes input -> target for training a base from nothing (T5: Raffel et al. 2020,
 * section 3.1.4): with probability `target_rate` the end of the text (its target where the line has
 * one) is denoised as one span, otherwise spans of mean length `mean_span` covering `rate` of the
 * tokens are, the first of them after some kept tokens (random_spans_noise_mask of T5). Denoised
 * spans are replaced by sentinels, <extra_id_0> first, and the target is each span behind its
 * sentinel. A line that does not fit is cut at its end. Keyed by (seed, epoch, example): the same
 * key gives the same example. A tokenizer without sentinels is STATUS_MISMATCH, a maximum length
 * below 3 (a token, a sentinel, EOS) STATUS_USAGE. */
typedef struct Corruption {
  double rate;        /* 0.15 */
  double mean_span;   /* 3 */
  double target_rate; /* 0.5 */
  uint64_t seed;
} Corruption;
Status examples_get_corrupted(const ExampleSet *set, int64_t i, int64_t epoch,
                              const Corruption *how, Example *out, Error *err);

#endif

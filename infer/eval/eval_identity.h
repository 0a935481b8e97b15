/* eval_identity: all that the scores of a cell depend on, as one SHA-256. A finished cell of
 * another identity is computed again.
 *
 *   WHAT                                       TAKEN AS                        OF WHICH CELLS
 *   release of skein                           version without the commit      all
 *   kernels that fuse multiply and add or not  yes or no: only these two give  all
 *                                              different bits (kernels.h)
 *   kernels, by name                                                           precision: bf16
 *   precision                                                                  all
 *   base: weights                              t5_sample                       all
 *   base: config.json                          SHA-256                         all
 *   base: tokenizer, whichever files say it    tokenizer_fingerprint           all
 *   task: name (key of precomputed vectors),   text                            all
 *     instruction, kind, format, keys,
 *     choices_from_targets, metrics
 *   items                                      SHA-256 of their file's text    all
 *   items asked                                the smallest of limit, the      all
 *                                              evaluation's, and the file's
 *   sample.seed                                                                a sample of the items
 *   max_input, bootstrap.*                                                     all
 *   max_target                                                                 choices
 *   max_output, beams                                                          generation
 *   length_penalty                                                             more than one beam
 *   method: router and settings                those that it reads             all
 *   what was chosen of them, with its curve    JSON                            of `choose`
 *   verify                                     yes or no: the manifest may not be  all
 *                                              of the files
 *   experts that take part, in order: name,    as the manifest has it          those that read a
 *     fingerprint, SHA-256 of all files                                        pool
 *   their instructions                         text                            with an embedder
 *   corpus of the embedder                     instructions of the whole       embedder: lexical
 *                                              pool, whatever `only` says
 *   POOL/embeddings, those of examples too     name and SHA-256 of each file   with an embedder
 *   vectors of the queries                     SHA-256 of the file             embedder:
 *                                                                              precomputed
 *   endpoint.url, endpoint.model               as they are given               embedder: endpoint
 *   encoder of sentences                       sentence_fingerprint            embedder: sentence
 *   query.url, query.model, query.seed, ...    as they are given               query: llm
 *   query.template                             SHA-256 of the file             query: llm
 *
 * Not in it, for it changes no score: threads, batch_tokens, statistics, paths, group, the task's
 * own expert, licences, experts that do not take part, settings that the method does not read.
 * Files of an expert that were changed behind the manifest's back are refused when the pool is opened;
 * weights that t5_sample does not see are found by `skein pool check`. tests/test_eval_identity.c changes each. */
#ifndef SKEIN_EVAL_IDENTITY_H
#define SKEIN_EVAL_IDENTITY_H

#include "autograd/kernel/kernels.h"
#include "infer/eval/evaluation.h"

/* Of the program: its release and what its kernels compute. `version` is version_text's. */
Status eval_program_identity(const char *version, const Kernels *kernels, Precision precision,
                             char hex[HASH_HEX], Error *err);
/* Of base and tokenizer. */
Status eval_base_identity(const Base *base, char hex[HASH_HEX], Error *err);
/* Of a whole cell. */
Status eval_cell_identity(const CellParts *parts, char hex[HASH_HEX], Error *err);

/* For the identity of what a method reads of the pool (infer/eval/eval_experts.h): an expert that
 * takes part, and all that an embedder reads. `all` is the whole pool. */
void eval_hash_expert(Hash *hash, const PoolEntry *entry, bool instruction);
/* And the file of a calibration, where the settings name one that is read. */
Status eval_hash_calibration(Hash *hash, const RouterSettings *s, Error *err);
Status eval_hash_embedder(Hash *hash, const Pool *all, const GlobalSettings *s, Error *err);

#endif

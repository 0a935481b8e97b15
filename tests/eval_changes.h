/* eval_changes: single changes to the files of an eval_world, which is made anew to undo them. */
#ifndef SKEIN_TESTS_EVAL_CHANGES_H
#define SKEIN_TESTS_EVAL_CHANGES_H

#include "tests/scratch.h"

/* Beside eval_world's files: items.jsonl, three lines that have every key of an item twice under
 * two names; both.json, items as lines and as BIG-bench Hard; vectors.json, vectors of the task `t`
 * that somebody else has made, and those of the experts in the pool. */
void eval_changes_world(Scratch *s);

void link_pool(Scratch *s); /* pool2 */
void link_base(Scratch *s); /* base2 */
void copy_items(Scratch *s);
void change_items(Scratch *s);
void copy_vectors(Scratch *s); /* vectors2.json */
void change_vectors(Scratch *s);

/* What the manifest says of the expert `deep`, or where it has none of it `wide`. */
void change_adapter(Scratch *s);
void change_adapter_config(Scratch *s);
void change_gate(Scratch *s);
void change_activation(Scratch *s);
void change_instruction(Scratch *s);
void change_licence(Scratch *s);
void swap_experts(Scratch *s);

void change_embeddings(Scratch *s);
void rename_embeddings(Scratch *s);
void add_examples(Scratch *s);

void change_weights(Scratch *s);
void change_config(Scratch *s);
void change_pieces(Scratch *s);
void change_sentinels(Scratch *s);
void change_added_tokens(Scratch *s);
void change_special_tokens(Scratch *s);

#endif

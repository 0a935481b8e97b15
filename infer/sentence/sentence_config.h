/* sentence_config: what the files of a sentence encoder say of the texts it reads.
 *
 *   FILE                               WHAT IS READ OF IT
 *   sentence_bert_config.json          max_seq_length, do_lower_case; or
 *                                      sentence_roberta_config.json and the like
 *   tokenizer_config.json              model_max_length, where the former says no length
 *   config_sentence_transformers.json  prompts, default_prompt_name, truncate_dim,
 *                                      similarity_fn_name */
#ifndef SKEIN_SENTENCE_CONFIG_H
#define SKEIN_SENTENCE_CONFIG_H

#include "infer/sentence/bert.h"
#include "infer/sentence/sentence.h"

typedef struct SentenceConfig {
  int64_t longest;    /* the most tokens of a text */
  bool lowercase;     /* before all else */
  char *prefix;       /* put before every text; "" for none */
  int64_t dimensions; /* 0: all */
  char *note;         /* see sentence_note; NULL: none */
} SentenceConfig;

/* Free with sentence_config_free whatever is returned. */
Status sentence_config_read(SentenceConfig *c, const SentenceSettings *settings,
                            const char *transformer, const BertConfig *model, Error *err);
void sentence_config_free(SentenceConfig *c);

#endif

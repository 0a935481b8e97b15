/* t5_family: which model a config.json says it is of: a T5, or one that is not computed here. Inside
 * of infer/t5/t5_config.c. */
#ifndef SKEIN_T5_FAMILY_H
#define SKEIN_T5_FAMILY_H

#include "data/text/json.h"

typedef struct T5Family {
  bool mt5;     /* model_type "mt5" */
  bool encoder; /* saved from a T5EncoderModel: there is no decoder */
  bool bytes;   /* ByT5: texts are bytes, not pieces */
  int version;  /* of the transformers that wrote the file: 4, 5; 0: not said */
} T5Family;

/* Reads model_type ("t5" or "mt5": T5 v1.0, v1.1, LM-adapted, T0, FLAN-T5, FLAN-UL2, mT5),
 * architectures, tokenizer_class and transformers_version. STATUS_INPUT for another model, saying
 * what it has that T5 has not, for a T5 whose head is no language model's, and for weights that are
 * quantised. */
Status t5_family_read(T5Family *family, const JsonDoc *doc, Error *err);

#endif

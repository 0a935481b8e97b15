/* predict_identity: all that the lines of score or generate depend on, as one SHA-256: program, base,
 * tokenizer, items, the options that change answers, the router with its settings, the whole pool
 * and its embeddings. Not in it: threads, batch_tokens, paths of outputs. */
#ifndef SKEIN_PREDICT_IDENTITY_H
#define SKEIN_PREDICT_IDENTITY_H

#include "data/file/hash.h"
#include "tools/predict/predict_parts.h"

Status predict_identity(PredictParts *p, const PredictOptions *o, char hex[HASH_HEX], Error *err);

#endif

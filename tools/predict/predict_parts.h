/* predict_parts: what the options of a command that asks a model name, opened; in the order of the
 * calls below. Each opens what it is called of, and says on stderr what it passes over. */
#ifndef SKEIN_PREDICT_PARTS_H
#define SKEIN_PREDICT_PARTS_H

#include "infer/t5/base.h"
#include "tools/predict/predict_options.h"

/* Zeroed at first; it stays in its place, and is closed whatever the calls return. */
typedef struct PredictParts {
  ItemSet *items;
  Base base;
  Pool *pool; /* NULL: the plain base */
  OptionSet router_set;
  RouterSettings router_settings; /* with a pool */
  Router *router;
  GenerationConfig generation;
  PredictSettings settings; /* of predict_parts_generation */
} PredictParts;

/* The settings of the router and the base: --base, else what the pool says. */
Status predict_parts_base(PredictParts *p, const PredictOptions *o, Error *err);
Status predict_parts_items(PredictParts *p, const PredictOptions *o, Error *err);
/* Fills p->settings: the options', and of what generates what the base asks of it where nothing else
 * was given. */
Status predict_parts_generation(PredictParts *p, const PredictOptions *o, Error *err);
/* The experts that take part. */
Status predict_parts_pool(PredictParts *p, const PredictOptions *o, Error *err);
Status predict_parts_router(PredictParts *p, const PredictOptions *o, Error *err);
/* Says what of the queries the router did not read: when all are answered. */
void predict_parts_tell(const PredictParts *p);
/* predict_check_outputs, now that it is known what base, pool and router read: after
 * predict_parts_base. */
Status predict_parts_check(const PredictParts *p, const PredictOptions *o, Error *err);
void predict_parts_close(PredictParts *p);

#endif

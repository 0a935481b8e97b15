/* data_report: what a run's data are like, before it starts, and what of it deserves a warning.
 *
 *   data.json  KEY            VALUE
 *              max_input, max_target, seed   the settings behind the numbers
 *              train, valid   a survey (data/examples/survey.h) each; valid null where there is none
 *              warnings       list of texts */
#ifndef SKEIN_DATA_REPORT_H
#define SKEIN_DATA_REPORT_H

#include "data/examples/survey.h"
#include "train/note.h"
#include "train/run_settings.h"

/* Percentages above which there is a warning. Stray lines are in most files; what one line in a
 * hundred lacks is a property of the data, and is seen in no loss. */
#define DATA_LOST_PERCENT 1
/* Who always says the commonest label is right so often: a small loss is then no success. */
#define DATA_COMMONEST_PERCENT 90

typedef struct DataReport {
  const DataSettings *data; /* borrowed */
  int64_t seed;
  ExampleSurvey train, valid; /* valid zeroed: there is none */
  int64_t shared;             /* validation examples whose input a training example has */
} DataReport;

/* Surveys the examples; `valid` may be NULL. Free with data_report_free; on failure there is nothing
 * to free. */
Status data_report_make(DataReport *r, const ExampleSet *train, const ExampleSet *valid,
                        const DataSettings *data, int64_t seed, Error *err);
void data_report_free(DataReport *r); /* a zeroed DataReport is allowed */

/* STATUS_INPUT with the first warning, where there is one. */
Status data_report_require_sound(const DataReport *r, Error *err);
/* A few lines, and one a warning. */
void data_report_tell(const DataReport *r, NoteTaker notes);
/* Writes DIR/data.json. */
Status data_report_save(const DataReport *r, const char *dir, Error *err);

#endif

/* training_record: what a training run was of: its settings, what its data were like, and the
 * version and hashes of what it read, which its newest checkpoint has. */
#ifndef SKEIN_TRAINING_RECORD_H
#define SKEIN_TRAINING_RECORD_H

#include <stdio.h>

#include "data/text/json.h"

/* The files of the record. */
typedef enum RecordFile {
  RECORD_SETTINGS,
  RECORD_DATA,
  RECORD_CHECKPOINT,
  RECORD_FILES
} RecordFile;

typedef struct TrainingRecord {
  char *path[RECORD_FILES];
  JsonDoc file[RECORD_FILES]; /* root NULL: it is not there */
} TrainingRecord;

/* Reads run.yaml, data.json and the newest checkpoint's manifest.json of a run, those that there
 * are. Free with training_record_free whatever is returned. */
Status training_record_read(TrainingRecord *r, const char *dir, Error *err);
void training_record_free(TrainingRecord *r); /* a zeroed TrainingRecord is allowed */

void training_record_put(FILE *out, const TrainingRecord *r);

#endif

/* The thread that makes batches ahead of the step that wants them. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "data/examples/batch.h"

enum { AHEAD = 2 };

/* A ring of finished batches. The thread fills, batch_reader_next empties; `lock` guards all below
 * it. A batch depends on its step alone, so there is no state to hand over but the step. */
struct BatchReader {
  const ExampleSet *set;
  BatchSpec spec;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Batch ready[AHEAD];
  int64_t made, taken, last; /* steps made, handed over, and where to end */
  bool stop;
  Error error; /* of the thread; it ends after one */
};

/* Waits for room; false when the thread is to end. */
static bool wait_for_room(BatchReader *r) {
  pthread_mutex_lock(&r->lock);
  while (!r->stop && r->made - r->taken == AHEAD) pthread_cond_wait(&r->changed, &r->lock);
  bool go = !r->stop && r->made < r->last;
  pthread_mutex_unlock(&r->lock);
  return go;
}

static void *read_ahead(void *arg) {
  BatchReader *r = arg;
  while (wait_for_room(r)) {
    Batch batch;
    Error err = {0};
    Status status = batch_make(r->set, &r->spec, r->made, &batch, &err);
    pthread_mutex_lock(&r->lock);
    if (status == STATUS_OK) r->ready[r->made++ % AHEAD] = batch;
    if (status != STATUS_OK) r->error = err;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (status != STATUS_OK) break;
  }
  return NULL;
}

Status batch_reader_start(BatchReader **out, const ExampleSet *set, const BatchSpec *spec,
                          int64_t first, int64_t last, Error *err) {
  BatchReader *r = calloc(1, sizeof *r);
  *out = NULL;
  if (!r) return error_set(err, STATUS_RUN, "out of memory: the reader of batches");
  r->set = set;
  r->spec = *spec;
  r->made = r->taken = first;
  r->last = last;
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->changed, NULL);
  if (pthread_create(&r->thread, NULL, read_ahead, r) != 0) {
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
    return error_set(err, STATUS_RUN, "cannot start the reader thread");
  }
  *out = r;
  return STATUS_OK;
}

Status batch_reader_next(BatchReader *r, Batch *out, Error *err) {
  assert(r->taken < r->last);
  pthread_mutex_lock(&r->lock);
  while (r->made == r->taken && r->error.status == STATUS_OK) {
    pthread_cond_wait(&r->changed, &r->lock);
  }
  Status status = STATUS_OK;
  if (r->made > r->taken) {
    *out = r->ready[r->taken++ % AHEAD];
  } else {
    status = error_set(err, r->error.status, "%s", r->error.text);
  }
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->lock);
  return status;
}

void batch_reader_stop(BatchReader *r) {
  if (!r) return;
  pthread_mutex_lock(&r->lock);
  r->stop = true;
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->lock);
  pthread_join(r->thread, NULL);
  for (; r->taken < r->made; r->taken++) batch_free(&r->ready[r->taken % AHEAD]);
  pthread_cond_destroy(&r->changed);
  pthread_mutex_destroy(&r->lock);
  free(r);
}

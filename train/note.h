/* note: lines about what is worth knowing and no failure, for whoever watches. */
#ifndef SKEIN_NOTE_H
#define SKEIN_NOTE_H

/* Receives one line. */
typedef void (*NoteFn)(void *arg, const char *line);
typedef struct NoteTaker {
  NoteFn note; /* NULL: nobody listens */
  void *arg;
} NoteTaker;

/* A line may tell what a file says, so it is escaped as an error is (autograd/ground/status.h). */
void note_take(NoteTaker notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/* machine: what this computer can do, measured. */
#ifndef SKEIN_MACHINE_H
#define SKEIN_MACHINE_H

/* Flops a second (a multiply-add is two) of a loop of nothing but f32 multiply-adds in registers on
 * `threads` threads, with the kernels in use; the best of a few runs, under a second in all. */
double machine_fma_rate(int threads);

/* Bytes of memory that programs can still take; 0 when the system does not say. */
double machine_memory_available(void);

/* The most memory this process has held so far, bytes (VmHWM); 0 when the system does not say. */
double machine_peak_resident(void);

/* Starts machine_peak_resident afresh from what is held now, where the system allows it. */
void machine_reset_peak(void);

/* Monotonic time, seconds. */
double machine_seconds(void);

#endif

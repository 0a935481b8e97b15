/* order: comparisons of numbers for qsort and bsearch, ascending. */
#ifndef SKEIN_ORDER_H
#define SKEIN_ORDER_H

int order_double(const void *a, const void *b); /* of numbers: NaN has no place in an order */
int order_int64(const void *a, const void *b);
int order_uint64(const void *a, const void *b);

#endif

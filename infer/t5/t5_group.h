/* t5_group: the groups that figures and reports gather the linears of a T5 into (Module.group), in
 * the order of the forward; the only list of them. */
#ifndef SKEIN_T5_GROUP_H
#define SKEIN_T5_GROUP_H

enum { T5_GROUPS = 5 };
extern const char *const T5_GROUP[T5_GROUPS];

/* The index of the group of the module with that name. */
int t5_group_index(const char *name);

#endif

/* hub: names of the Hugging Face hub where paths are wanted. skein reads folders and fetches
 * nothing. */
#ifndef SKEIN_HUB_H
#define SKEIN_HUB_H

/* " (...)" for a message about a path where nothing is: how one gets the folder, if `path` is
 * OWNER/NAME as the hub has them and there is no folder OWNER; else "". */
typedef struct HubHint {
  char text[320];
} HubHint;
HubHint hub_hint(const char *path);

#endif

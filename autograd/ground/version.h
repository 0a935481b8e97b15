/* version: what this program was built from; recorded with every result. */
#ifndef SKEIN_VERSION_H
#define SKEIN_VERSION_H

/* "0.1.0", or "0.1.0+abcdef0" (and "-dirty") when it was built in a clone. */
const char *version_text(void);

#endif

/* loopback: addresses of this machine that nothing outside it can reach: 127.0.0.0/8 and ::1, and
 * the former as IPv6 writes it (::ffff:127.0.0.0/104). */
#ifndef SKEIN_LOOPBACK_H
#define SKEIN_LOOPBACK_H

#include <stdbool.h>
#include <sys/socket.h>

bool address_is_loopback(const struct sockaddr *address);

/* Asks the machine for the addresses of a host ("localhost", "::1", "[::1]"): whether there are any,
 * and whether all are loopback. */
void host_look(const char *host, bool *resolved, bool *loopback);

#endif

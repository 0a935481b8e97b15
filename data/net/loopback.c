#include "data/net/loopback.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_loopback4(const unsigned char *address) {
  return address[0] == 127;
}

bool address_is_loopback(const struct sockaddr *address) {
  if (address->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    return is_loopback4((const unsigned char *)&in.sin_addr);
  }
  if (address->sa_family != AF_INET6) return false;
  struct sockaddr_in6 in;
  memcpy(&in, address, sizeof in);
  return IN6_IS_ADDR_LOOPBACK(&in.sin6_addr) ||
         (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr) && is_loopback4(in.sin6_addr.s6_addr + 12));
}

void host_look(const char *host, bool *resolved, bool *loopback) {
  char name[256];
  size_t size = strlen(host);
  bool bracketed = size > 2 && host[0] == '[' && host[size - 1] == ']';
  struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
  snprintf(name, sizeof name, "%.*s", (int)(bracketed ? size - 2 : size), host + bracketed);
  *resolved = getaddrinfo(name, NULL, &hints, &list) == 0 && list;
  *loopback = *resolved;
  for (const struct addrinfo *a = list; a; a = a->ai_next)
    *loopback = *loopback && address_is_loopback(a->ai_addr);
  if (list) freeaddrinfo(list);
}

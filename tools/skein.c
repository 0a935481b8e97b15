#include <stdio.h>

int main(void) {
  puts("skein");
  return 0;
}

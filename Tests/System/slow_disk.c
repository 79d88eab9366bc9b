// A disk as slow as a bad memory card: every positioned write of the process takes SLOW_DISK_MICROSECONDS longer.
//
// The kill test needs it: on a quick disk a commit is over before a random kill -9 can fall into it, and a gateway that
// acknowledges too early would pass. Loaded with LD_PRELOAD; SQLite writes its log with pwrite.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void wait_for_the_card(void) {
  static long microseconds = -1;
  if (microseconds < 0) {
    const char *text = getenv("SLOW_DISK_MICROSECONDS");
    microseconds = text ? atol(text) : 0;
  }
  if (microseconds > 0) usleep((useconds_t)microseconds);
}

typedef ssize_t (*pwrite_function)(int, const void *, size_t, off_t);

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  static pwrite_function next;
  if (!next) next = (pwrite_function)dlsym(RTLD_NEXT, "pwrite");
  wait_for_the_card();
  return next(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  static pwrite_function next;
  if (!next) next = (pwrite_function)dlsym(RTLD_NEXT, "pwrite64");
  wait_for_the_card();
  return next(file, bytes, count, offset);
}

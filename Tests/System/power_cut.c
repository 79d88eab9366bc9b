// A disk for power cuts: keeps beside each file of a folder a second one that holds what a power cut would leave.
//
// Loaded with LD_PRELOAD. The program works on its files as ever. What it writes to a file below POWER_CUT_FROM reaches the
// file of the same name in POWER_CUT_TO only when the program syncs it; until then the writes are in this process's memory, and
// SIGKILL takes them. A real disk may write some of them earlier, in any order, half of one: POWER_CUT_EARLY percent of
// their 512-byte sectors are put through at once (POWER_CUT_SEED says which). POWER_CUT_LIE=1 makes a disk that lies: a
// sync of a write-ahead log does nothing, ever. That is harsher than synchronous=NORMAL, which syncs it at checkpoints.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 64, DESCRIPTORS = 4096, SECTOR = 512 };

// A write, or with `bytes` null a truncation to `offset`.
struct operation { off_t offset; size_t count; char *bytes; struct operation *next; };

struct file {
  dev_t device;
  ino_t number;
  int kept; // descriptor of the second file
  char name[256];
  struct operation *first, *last;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static int file_count;
static struct file *descriptors[DESCRIPTORS];
static const char *from, *to;
static int early, lies;
static unsigned long long state;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  from = getenv("POWER_CUT_FROM");
  to = getenv("POWER_CUT_TO");
  early = getenv("POWER_CUT_EARLY") ? atoi(getenv("POWER_CUT_EARLY")) : 0;
  lies = getenv("POWER_CUT_LIE") && atoi(getenv("POWER_CUT_LIE"));
  state = getenv("POWER_CUT_SEED") ? strtoull(getenv("POWER_CUT_SEED"), NULL, 10) : 1;
}

static int percent(void) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (int)((state >> 33) % 100);
}

static void fail(const char *what) {
  fprintf(stderr, "power_cut: %s: %s\n", what, strerror(errno));
  abort();
}

static void put(struct file *file, const char *bytes, size_t count, off_t offset) {
  while (count) {
    ssize_t done = NEXT(pwrite64)(file->kept, bytes, count, offset);
    if (done < 0) fail("cannot write what was synced");
    bytes += done, count -= done, offset += done;
  }
}

static void opened(int descriptor, const char *path) {
  if (!from || !to || descriptor < 0 || descriptor >= DESCRIPTORS || strncmp(path, from, strlen(from))) return;
  // The index of the log is shared memory, made again after a power cut.
  size_t length = strlen(path);
  if (length > 4 && !strcmp(path + length - 4, "-shm")) return;
  struct stat status;
  if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return;
  pthread_mutex_lock(&mutex);
  struct file *file = NULL;
  for (int i = 0; i < file_count; i++)
    if (files[i].device == status.st_dev && files[i].number == status.st_ino) file = &files[i];
  const char *name = strrchr(path, '/') + 1;
  if (!file || strcmp(file->name, name)) {
    if (!file && file_count == FILES) fail("too many files");
    if (!file) file = &files[file_count++];
    // A number that was given anew: nothing of the file before it.
    for (struct operation *o = file->first, *next; o; o = next) { next = o->next; free(o->bytes); free(o); }
    file->first = file->last = NULL;
    file->device = status.st_dev;
    file->number = status.st_ino;
    snprintf(file->name, sizeof file->name, "%s", name);
    char kept[1024];
    snprintf(kept, sizeof kept, "%s/%s", to, name);
    file->kept = NEXT(open64)(kept, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file->kept < 0) fail("cannot make the second file");
  }
  descriptors[descriptor] = file;
  pthread_mutex_unlock(&mutex);
}

static struct file *tracked(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS ? descriptors[descriptor] : NULL;
}

static void remember(struct file *file, const char *bytes, size_t count, off_t offset) {
  pthread_mutex_lock(&mutex);
  struct operation *o = calloc(1, sizeof *o);
  o->offset = offset, o->count = count;
  if (bytes) {
    o->bytes = malloc(count);
    memcpy(o->bytes, bytes, count);
    for (size_t start = 0; early && start < count; start += SECTOR)
      if (percent() < early) put(file, bytes + start, count - start < SECTOR ? count - start : SECTOR, offset + start);
  }
  if (file->last) file->last->next = o;
  else file->first = o;
  file->last = o;
  pthread_mutex_unlock(&mutex);
}

static void synced(struct file *file) {
  size_t length = strlen(file->name);
  if (lies && length > 4 && !strcmp(file->name + length - 4, "-wal")) return;
  pthread_mutex_lock(&mutex);
  for (struct operation *o = file->first, *next; o; o = next) {
    next = o->next;
    if (o->bytes) put(file, o->bytes, o->count, o->offset);
    else if (NEXT(ftruncate64)(file->kept, o->offset)) fail("cannot truncate");
    free(o->bytes);
    free(o);
  }
  file->first = file->last = NULL;
  pthread_mutex_unlock(&mutex);
}

#define OPEN(name)                                       \
  int name(const char *path, int flags, ...) {           \
    va_list rest;                                        \
    va_start(rest, flags);                               \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                        \
    int descriptor = NEXT(name)(path, flags, mode);      \
    int cause = errno;                                   \
    opened(descriptor, path);                            \
    errno = cause;                                       \
    return descriptor;                                   \
  }
OPEN(open)
OPEN(open64)

#define PWRITE(name, type)                                                 \
  ssize_t name(int descriptor, const void *bytes, size_t count, type offset) { \
    ssize_t done = NEXT(name)(descriptor, bytes, count, offset);           \
    struct file *file = tracked(descriptor);                               \
    if (file && done > 0) remember(file, bytes, (size_t)done, offset);     \
    return done;                                                           \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (tracked(descriptor)) { errno = ENOSYS; fail("a write without a position is not expected"); }
  return NEXT(write)(descriptor, bytes, count);
}

#define TRUNCATE(name, type)                                   \
  int name(int descriptor, type size) {                        \
    int result = NEXT(name)(descriptor, size);                 \
    struct file *file = tracked(descriptor);                   \
    if (file && !result) remember(file, NULL, 0, size);        \
    return result;                                             \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                               \
  int name(int descriptor) {                     \
    struct file *file = tracked(descriptor);     \
    if (file) { synced(file); return 0; }        \
    return NEXT(name)(descriptor);               \
  }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
  int result = NEXT(unlink)(path);
  if (!result && from && to && !strncmp(path, from, strlen(from)) && strrchr(path, '/')) {
    char kept[1024];
    snprintf(kept, sizeof kept, "%s/%s", to, strrchr(path, '/') + 1);
    NEXT(unlink)(kept);
    pthread_mutex_lock(&mutex);
    // Its number may be given to the next file.
    for (int i = 0; i < file_count; i++) if (!strcmp(files[i].name, strrchr(path, '/') + 1)) files[i].name[0] = 0;
    pthread_mutex_unlock(&mutex);
  }
  return result;
}

int close(int descriptor) {
  if (descriptor >= 0 && descriptor < DESCRIPTORS) descriptors[descriptor] = NULL;
  return NEXT(close)(descriptor);
}

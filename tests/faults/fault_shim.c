/* Fails or kills at the n-th system call of a process on files below one folder.
 *
 * Preloaded with LD_PRELOAD. Python, Pillow, HDF5 and TensorFlow reach the system through
 * the functions below, so one counter sees all of them. A process arms it with fault_arm;
 * until then, and for files elsewhere, calls pass through unchanged.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE = 2, FSYNC = 4, RENAME = 8, MKDIR = 16, UNLINK = 32, READ = 64 };

static char root[PATH_MAX];
static size_t root_length;
static long count, at;
static int operations, error_number, persistent, log_file = -1;
static int armed;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* error 0 kills the process with SIGKILL instead. */
void fault_arm(const char *folder, int which, long n, int error, int from_then_on,
               const char *log) {
  snprintf(root, sizeof root, "%s", folder);
  root_length = strlen(root);
  count = 0;
  at = n;
  operations = which;
  error_number = error;
  persistent = from_then_on;
  log_file = log ? open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600) : -1;
  armed = 1;
}

long fault_disarm(void) {
  armed = 0;
  if (log_file >= 0) close(log_file);
  log_file = -1;
  return count;
}

static int below_root(int folder, const char *path) {
  char whole[PATH_MAX * 2];
  if (path && path[0] == '/') return !strncmp(path, root, root_length);
  char link[64];
  if (folder == AT_FDCWD) {
    strcpy(link, "/proc/self/cwd");
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  }
  ssize_t length = readlink(link, whole, PATH_MAX);
  if (length < 0) return 0;
  whole[length] = 0;
  return !strncmp(whole, root, root_length);
}

/* 1: let the call fail, errno is set. */
static int strike(int operation, int folder, const char *path) {
  if (!armed || !(operations & operation) || !below_root(folder, path)) return 0;
  int saved = errno, hit;
  pthread_mutex_lock(&mutex);
  count++;
  hit = persistent ? count >= at : count == at;
  if (log_file >= 0) {
    char line[PATH_MAX + 64], link[64], name[PATH_MAX];
    if (!path) {
      snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
      ssize_t length = readlink(link, name, sizeof name - 1);
      name[length < 0 ? 0 : length] = 0;
      path = name;
    }
    int length = snprintf(line, sizeof line, "%ld %d %s\n", count, operation, path);
    if (length > 0 && syscall(SYS_write, log_file, line, length) < 0) { }
  }
  pthread_mutex_unlock(&mutex);
  errno = saved;
  if (!hit) return 0;
  if (!error_number) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = error_number;
  return 1;
}

/* A kill may leave a part of what was being written; a full disk does, too. */
static void write_half(int fd, const void *data, size_t size, off_t at_offset) {
  if (size < 2) return;
  if (at_offset < 0) {
    if (syscall(SYS_write, fd, data, size / 2) < 0) { }
  } else if (pwrite(fd, data, size / 2, at_offset) < 0) { }
}

static int strike_write(int fd, const void *data, size_t size, off_t offset) {
  if (!armed || !(operations & WRITE) || !below_root(fd, NULL)) return 0;
  pthread_mutex_lock(&mutex);
  int next = persistent ? count + 1 >= at : count + 1 == at;
  pthread_mutex_unlock(&mutex);
  if (next && data) write_half(fd, data, size, offset);
  return strike(WRITE, fd, NULL);
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; }

#define MODE(flags, mode) \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

#define OPENER(name) \
  int name(const char *path, int flags, ...) { \
    MODE(flags, mode) \
    REAL(name); \
    if (strike(writes(flags) ? OPEN : READ, AT_FDCWD, path)) return -1; \
    return real(path, flags, mode); \
  }
OPENER(open)
OPENER(open64)

#define OPENER_AT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    MODE(flags, mode) \
    REAL(name); \
    if (strike(writes(flags) ? OPEN : READ, folder, path)) return -1; \
    return real(folder, path, flags, mode); \
  }
OPENER_AT(openat)
OPENER_AT(openat64)

#define FOPENER(name) \
  FILE *name(const char *path, const char *mode) { \
    REAL(name); \
    if (strike(mode[0] == 'r' && !strchr(mode, '+') ? READ : OPEN, AT_FDCWD, path)) \
      return NULL; \
    return real(path, mode); \
  }
FOPENER(fopen)
FOPENER(fopen64)

ssize_t write(int fd, const void *data, size_t size) {
  REAL(write);
  if (strike_write(fd, data, size, -1)) return -1;
  return real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int number) {
  REAL(writev);
  if (strike_write(fd, NULL, 0, -1)) return -1;
  return real(fd, parts, number);
}

#define PWRITER(name, offset_type) \
  ssize_t name(int fd, const void *data, size_t size, offset_type offset) { \
    REAL(name); \
    if (strike_write(fd, data, size, -2)) return -1; \
    return real(fd, data, size, offset); \
  }
PWRITER(pwrite, off_t)
PWRITER(pwrite64, off64_t)

#define FWRITER(name) \
  size_t name(const void *data, size_t size, size_t number, FILE *file) { \
    REAL(name); \
    int fd = fileno(file); \
    if (fd > 2 && strike_write(fd, NULL, 0, -1)) return 0; \
    return real(data, size, number, file); \
  }
FWRITER(fwrite)
#undef fwrite_unlocked
FWRITER(fwrite_unlocked)

ssize_t sendfile(int fd, int from, off_t *offset, size_t size) {
  REAL(sendfile);
  if (strike_write(fd, NULL, 0, -1)) return -1;
  return real(fd, from, offset, size);
}

int fflush(FILE *file) {
  REAL(fflush);
  int fd = file ? fileno(file) : -1;
  if (fd > 2 && strike_write(fd, NULL, 0, -1)) return EOF;
  return real(file);
}

int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  if (strike_write(fd, NULL, 0, -1)) return -1;
  return real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  if (strike_write(fd, NULL, 0, -1)) return -1;
  return real(fd, size);
}

int fsync(int fd) {
  REAL(fsync);
  if (strike(FSYNC, fd, NULL)) return -1;
  return real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  if (strike(FSYNC, fd, NULL)) return -1;
  return real(fd);
}

int rename(const char *old, const char *new) {
  REAL(rename);
  if (strike(RENAME, AT_FDCWD, new)) return -1;
  return real(old, new);
}

int renameat(int old_folder, const char *old, int new_folder, const char *new) {
  REAL(renameat);
  if (strike(RENAME, new_folder, new)) return -1;
  return real(old_folder, old, new_folder, new);
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (strike(MKDIR, AT_FDCWD, path)) return -1;
  return real(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
  REAL(mkdirat);
  if (strike(MKDIR, folder, path)) return -1;
  return real(folder, path, mode);
}

int unlink(const char *path) {
  REAL(unlink);
  if (strike(UNLINK, AT_FDCWD, path)) return -1;
  return real(path);
}

int unlinkat(int folder, const char *path, int flags) {
  REAL(unlinkat);
  if (strike(UNLINK, folder, path)) return -1;
  return real(folder, path, flags);
}

int rmdir(const char *path) {
  REAL(rmdir);
  if (strike(UNLINK, AT_FDCWD, path)) return -1;
  return real(path);
}

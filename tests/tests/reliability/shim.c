/* Counts the calls of a process that change files below a folder, and kills the process at one of
 * them: in the middle of a write, or just before any other call. Or sends it a signal there and
 * lets it go on. Loaded by LD_PRELOAD.
 *
 * MRI_SHIM_ROOT  the folder, an absolute path without links
 * MRI_SHIM_AT    the number of the call to die at, from 1; nothing is killed without it
 * MRI_SHIM_SIGNAL  the number of the signal to send instead
 * MRI_SHIM_LOG   a file that gets a line "CALL PATH" per call
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static const char *root;
static long at;
static int signal_number;
static int log_file = -1;
static atomic_long calls;

__attribute__((constructor)) static void start(void) {
    root = getenv("MRI_SHIM_ROOT");
    const char *number = getenv("MRI_SHIM_AT");
    at = number ? atol(number) : 0;
    const char *sent = getenv("MRI_SHIM_SIGNAL");
    signal_number = sent ? atoi(sent) : 0;
    const char *log_name = getenv("MRI_SHIM_LOG");
    if (log_name) {
        log_file = syscall(SYS_openat, AT_FDCWD, log_name, O_WRONLY | O_CREAT | O_APPEND, 0644);
    }
}

/* Whether a path is the folder or lies in it, or beside it under a temporary name of it. */
static int is_below(const char *path) {
    return root && strncmp(path, root, strlen(root)) == 0;
}

static void path_of(int fd, const char *name, char *path) {
    char link[64];
    path[0] = 0;
    if (name && name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    if (fd == AT_FDCWD) {
        if (!getcwd(path, PATH_MAX)) path[0] = 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, path, PATH_MAX - 1);
        path[n < 0 ? 0 : n] = 0;
    }
    if (name && strlen(path) + strlen(name) + 2 < PATH_MAX) {
        strcat(path, "/");
        strcat(path, name);
    }
}

/* Counts a call; 1 if it is the one to die at. */
static int counts(const char *call, int fd, const char *name) {
    int before = errno;
    char path[PATH_MAX];
    path_of(fd, name, path);
    int hit = 0;
    if (is_below(path)) {
        long n = atomic_fetch_add(&calls, 1) + 1;
        hit = n == at;
        if (log_file >= 0) {
            char line[PATH_MAX + 64];
            int length = snprintf(line, sizeof line, "%s %s\n", call, path + strlen(root));
            syscall(SYS_write, log_file, line, length);
        }
    }
    if (hit && signal_number) {
        kill(getpid(), signal_number);
        hit = 0;
    }
    errno = before;
    return hit;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t n) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (counts("write", fd, NULL)) {
        real(fd, bytes, n / 2);
        die();
    }
    return real(fd, bytes, n);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    if (counts("write", fd, NULL)) {
        real(fd, bytes, n / 2, offset);
        die();
    }
    return real(fd, bytes, n, offset);
}

#define BEFORE(call, fd, path) \
    if (counts(call, fd, path)) die()

int fsync(int fd) {
    REAL(int, fsync, int);
    BEFORE("fsync", fd, NULL);
    return real(fd);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    BEFORE("fsync", fd, NULL);
    return real(fd);
}

int ftruncate64(int fd, off64_t length) {
    REAL(int, ftruncate64, int, off64_t);
    BEFORE("truncate", fd, NULL);
    return real(fd, length);
}

int flock(int fd, int operation) {
    REAL(int, flock, int, int);
    BEFORE("lock", fd, NULL);
    return real(fd, operation);
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    BEFORE("rename", AT_FDCWD, from);
    return real(from, to);
}

int unlink(const char *path) {
    REAL(int, unlink, const char *);
    BEFORE("unlink", AT_FDCWD, path);
    return real(path);
}

int unlinkat(int fd, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    BEFORE("unlink", fd, path);
    return real(fd, path, flags);
}

int rmdir(const char *path) {
    REAL(int, rmdir, const char *);
    BEFORE("unlink", AT_FDCWD, path);
    return real(path);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    BEFORE("mkdir", AT_FDCWD, path);
    return real(path, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(int, open64, const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, int);
    va_end(rest);
    if (flags & (O_CREAT | O_TRUNC)) {
        BEFORE("create", AT_FDCWD, path);
    }
    return real(path, flags, mode);
}

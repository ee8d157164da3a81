/*
 * Stands between a program and its file system (LD_PRELOAD), for tests of crashes, power cuts and full disks.
 *
 * Every call that changes something below one folder is a numbered point. At a chosen point the program is killed, or the
 * call fails; and everything that was done can be written to a journal, from which tests/src/faults/disk.rs builds the disks
 * that a power cut might have left. The environment says what to do; it is read once and taken away, so that programs
 * started by the tested one know nothing of this.
 *
 *   ZAPYS_FAULT_ROOT=DIR             only what lies below this folder counts (an absolute path without links)
 *   ZAPYS_FAULT_POINTS=FILE          the number of points so far, eight bytes in the machine's order, always current
 *   ZAPYS_FAULT_KILL="N HOW"         at point N (from 0): `before` the call, `after` it, or `half` way through a write
 *   ZAPYS_FAULT_FAIL="N ERRNO HOW"   from the first fitting call at or after point N: `once`, or `on` and on
 *   ZAPYS_FAULT_JOURNAL=FILE         what was done, and what was said on standard output, in order
 *   ZAPYS_FAULT_NOSYNC=1             flushes are recorded and counted but not done: a killed program loses nothing by that
 *   ZAPYS_FAULT_HIDE=PREFIX          files whose path begins so are not there for those who ask (decoders: looking for them and
 *                                    asking for their versions takes longer than all the rest of a small command)
 *
 * One lock makes the order of the journal the order of the calls. What is not seen: writes through shared maps (SQLite's
 * `-shm`, which holds nothing), and calls that go past the C library; the test `the_shim_sees_everything` compares a replayed
 * journal with the folder itself, so that a new way around is noticed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum op { CREATE = 1, WRITE, TRUNCATE, FLUSH, FLUSH_ALL, RENAME, LINK, UNLINK, MAKE_DIR, REMOVE_DIR, SAID };
enum how { NEVER, BEFORE, AFTER, HALF };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], hidden[PATH_MAX];
static size_t root_len, hidden_len;
static int journal = -1, no_sync;
static uint64_t own_points, *points = &own_points;
static int64_t kill_at = -1, fail_at = -1;
static enum how kill_how = NEVER;
static int fail_errno, fail_on, failed_once;

static int high(int fd) {
    /* Out of the way of the numbers that the program gives its own files. */
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, fd);
    return moved;
}

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("ZAPYS_FAULT_ROOT");
    if (at && strlen(at) < sizeof root) {
        strcpy(root, at);
        root_len = strlen(root);
    }
    const char *text = getenv("ZAPYS_FAULT_POINTS");
    if (text) {
        int fd = syscall(SYS_openat, AT_FDCWD, text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0 && syscall(SYS_ftruncate, fd, (off_t)8) == 0) {
            void *map = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            if (map != MAP_FAILED) points = map;
        }
        if (fd >= 0) syscall(SYS_close, fd);
    }
    char word[16] = "";
    long long n;
    if ((text = getenv("ZAPYS_FAULT_KILL")) && sscanf(text, "%lld %15s", &n, word) == 2) {
        kill_at = n;
        kill_how = !strcmp(word, "before") ? BEFORE : !strcmp(word, "half") ? HALF : AFTER;
    }
    if ((text = getenv("ZAPYS_FAULT_FAIL")) && sscanf(text, "%lld %d %15s", &n, &fail_errno, word) == 3) {
        fail_at = n;
        fail_on = !strcmp(word, "on");
    }
    if ((text = getenv("ZAPYS_FAULT_JOURNAL"))) {
        journal = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (journal >= 0) journal = high(journal);
    }
    no_sync = getenv("ZAPYS_FAULT_NOSYNC") != NULL;
    if ((text = getenv("ZAPYS_FAULT_HIDE")) && strlen(text) < sizeof hidden) {
        strcpy(hidden, text);
        hidden_len = strlen(hidden);
    }
    const char *names[] = {"LD_PRELOAD", "ZAPYS_FAULT_ROOT", "ZAPYS_FAULT_POINTS", "ZAPYS_FAULT_KILL",
                           "ZAPYS_FAULT_FAIL", "ZAPYS_FAULT_JOURNAL", "ZAPYS_FAULT_NOSYNC", "ZAPYS_FAULT_HIDE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Makes a path absolute and plain; answers where its part below the root begins, or NULL where it lies elsewhere. */
static const char *below(int dir, const char *path, char out[PATH_MAX]) {
    if (!root_len || !path) return NULL;
    char whole[2 * PATH_MAX] = "";
    if (path[0] != '/') {
        char link[64], base[PATH_MAX];
        ssize_t n;
        if (dir == AT_FDCWD) {
            n = syscall(SYS_getcwd, base, sizeof base) > 0 ? (ssize_t)strlen(base) : -1;
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
            n = readlink(link, base, sizeof base - 1);
        }
        if (n < 0) return NULL;
        base[n] = 0;
        snprintf(whole, sizeof whole, "%s/%s", base, path);
    } else {
        snprintf(whole, sizeof whole, "%s", path);
    }
    size_t len = 0;
    for (char *part = whole, *next; part; part = next) {
        next = strchr(part, '/');
        if (next) *next++ = 0;
        if (!*part || !strcmp(part, ".")) continue;
        if (!strcmp(part, "..")) {
            while (len && out[--len] != '/') {}
            continue;
        }
        size_t n = strlen(part);
        if (len + n + 2 >= PATH_MAX) return NULL;
        out[len++] = '/';
        memcpy(out + len, part, n);
        len += n;
    }
    out[len] = 0;
    if (strncmp(out, root, root_len) || (out[root_len] && out[root_len] != '/')) return NULL;
    return out[root_len] ? out + root_len + 1 : out + root_len;
}

/* The same for an open file. */
static const char *below_fd(int fd, char out[PATH_MAX]) {
    char link[64];
    if (!root_len) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n < 0) return NULL;
    out[n] = 0;
    if (strncmp(out, root, root_len) || (out[root_len] && out[root_len] != '/')) return NULL;
    return out[root_len] ? out + root_len + 1 : out + root_len;
}

static uint64_t inode(int fd) {
    struct stat s;
    return syscall(SYS_fstat, fd, &s) == 0 ? s.st_ino : 0;
}

static uint64_t inode_at(int dir, const char *path) {
    struct stat s;
    return syscall(SYS_newfstatat, dir, path, &s, AT_SYMLINK_NOFOLLOW) == 0 ? s.st_ino : 0;
}

static void put(const void *bytes, size_t n) {
    const char *at = bytes;
    while (n) {
        ssize_t done = syscall(SYS_write, journal, at, n);
        if (done <= 0) syscall(SYS_exit_group, 97);
        at += done;
        n -= done;
    }
}

static void note(enum op op, uint64_t ino, uint64_t offset, const void *first, size_t n, const char *second) {
    if (journal < 0) return;
    int before = errno;
    size_t m = second ? strlen(second) : 0;
    uint64_t head[5] = {op, ino, offset, n, m};
    put(head, sizeof head);
    put(first, n);
    put(second, m);
    errno = before;
}

/* A point is reached. Answers the number of the error to fail with, or 0. `takes_room`: needs room on the disk. */
static int reach(int takes_room, int *torn) {
    int64_t n = (int64_t)(*points)++;
    *torn = 0;
    if (n == kill_at) {
        if (kill_how == BEFORE) die();
        *torn = kill_how == HALF;
    }
    if (fail_at < 0 || n < fail_at || (failed_once && !fail_on)) return 0;
    if (fail_errno == ENOSPC && !takes_room) return 0;
    int first = !failed_once;
    failed_once = 1;
    /* A disk that becomes full takes the first part of what is written, and only then refuses. */
    if (first && fail_errno == ENOSPC && takes_room == 2) {
        *torn = 1;
        return 0;
    }
    return fail_errno;
}

static void reached(void) {
    if ((int64_t)*points - 1 == kill_at) die();
}

/* Threads that are still at work when the program ends are stopped by the system at any instruction. Not between a change and
 * its place in the journal: the thread that ends the program takes the lock for good. */
static __thread int last;
static void enter(void) {
    if (!last) pthread_mutex_lock(&lock);
}
static void leave(void) {
    if (!last) pthread_mutex_unlock(&lock);
}
__attribute__((destructor)) static void end(void) {
    enter();
    last = 1;
}
/* The way out without handlers. */
void _exit(int code) {
    end();
    for (;;) syscall(SYS_exit_group, code);
}

#define FAIL(with) do { leave(); errno = (with); return -1; } while (0)
#define DONE(value) do { int kept = errno; leave(); errno = kept; return (value); } while (0)

static ssize_t write_at(int fd, const void *bytes, size_t n, off_t offset, int placed) {
    char path[PATH_MAX];
    if (fd == STDOUT_FILENO && journal >= 0) {
        enter();
        ssize_t done = syscall(SYS_write, fd, bytes, n);
        if (done > 0) note(SAID, 0, 0, bytes, done, NULL);
        DONE(done);
    }
    if (!below_fd(fd, path))
        return placed ? syscall(SYS_pwrite64, fd, bytes, n, offset) : syscall(SYS_write, fd, bytes, n);
    enter();
    int torn, error = reach(2, &torn);
    if (error) FAIL(error);
    if (torn && n > 1) n /= 2;
    off_t at = offset;
    if (!placed) {
        int flags = fcntl(fd, F_GETFL);
        struct stat s;
        at = (flags & O_APPEND) && syscall(SYS_fstat, fd, &s) == 0 ? s.st_size : syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR);
    }
    ssize_t done = placed ? syscall(SYS_pwrite64, fd, bytes, n, offset) : syscall(SYS_write, fd, bytes, n);
    if (done > 0) note(WRITE, inode(fd), at, bytes, done, NULL);
    reached();
    DONE(done);
}

ssize_t write(int fd, const void *bytes, size_t n) { return write_at(fd, bytes, n, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) { return write_at(fd, bytes, n, at, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) { return write_at(fd, bytes, n, at, 1); }

/* Gathered writes are done part by part; writing less than was asked for is always allowed. */
ssize_t writev(int fd, const struct iovec *parts, int n) {
    char path[PATH_MAX];
    if (fd != STDOUT_FILENO && !below_fd(fd, path)) return syscall(SYS_writev, fd, parts, n);
    for (int i = 0; i < n; i++)
        if (parts[i].iov_len) return write_at(fd, parts[i].iov_base, parts[i].iov_len, 0, 0);
    return 0;
}
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at) {
    for (int i = 0; i < n; i++)
        if (parts[i].iov_len) return write_at(fd, parts[i].iov_base, parts[i].iov_len, at, 1);
    return 0;
}
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at) { return pwritev(fd, parts, n, at); }

/* Copies inside the kernel are refused: every caller then reads and writes. */
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t n, unsigned flags) {
    char path[PATH_MAX];
    if (below_fd(to, path)) { errno = ENOSYS; return -1; }
    return syscall(SYS_copy_file_range, from, a, to, b, n, flags);
}
ssize_t sendfile(int to, int from, off_t *at, size_t n) {
    char path[PATH_MAX];
    if (below_fd(to, path)) { errno = EINVAL; return -1; }
    return syscall(SYS_sendfile, to, from, at, n);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t n) { return sendfile(to, from, at, n); }
int fallocate(int fd, int mode, off_t at, off_t n) {
    char path[PATH_MAX];
    if (below_fd(fd, path)) { errno = EOPNOTSUPP; return -1; }
    return syscall(SYS_fallocate, fd, mode, at, n);
}
int fallocate64(int fd, int mode, off64_t at, off64_t n) { return fallocate(fd, mode, at, n); }

static int open_at(int dir, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    const char *rel = (flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE ? below(dir, name, path) : NULL;
    if (!rel) return syscall(SYS_openat, dir, name, flags, mode);
    enter();
    int nameless = (flags & O_TMPFILE) == O_TMPFILE, torn, error = 0;
    int fresh = nameless || ((flags & O_CREAT) && !inode_at(dir, name));
    if (fresh || (flags & O_TRUNC)) error = reach(fresh ? 1 : 0, &torn);
    if (error) FAIL(error);
    int fd = syscall(SYS_openat, dir, name, flags, mode);
    if (fd >= 0 && fresh) note(CREATE, inode(fd), 0, rel, nameless ? 0 : strlen(rel), NULL);
    else if (fd >= 0 && (flags & O_TRUNC)) note(TRUNCATE, inode(fd), 0, NULL, 0, NULL);
    if (fresh || (flags & O_TRUNC)) reached();
    DONE(fd);
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) { va_list all; va_start(all, flags); mode = va_arg(all, int); va_end(all); }

int open(const char *name, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, name, flags | O_LARGEFILE, mode); }
int openat(int dir, const char *name, int flags, ...) { MODE(flags, mode) return open_at(dir, name, flags, mode); }
int openat64(int dir, const char *name, int flags, ...) { MODE(flags, mode) return open_at(dir, name, flags | O_LARGEFILE, mode); }
int creat(const char *name, mode_t mode) { return open_at(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return creat(name, mode); }

static int flush(int fd, int call, enum op op) {
    char path[PATH_MAX];
    if (!below_fd(fd, path)) return syscall(call, fd);
    enter();
    int torn, error = reach(0, &torn);
    if (error) FAIL(error);
    int done = no_sync ? 0 : syscall(call, fd);
    if (done == 0) note(op, inode(fd), 0, NULL, 0, NULL);
    reached();
    DONE(done);
}
int fsync(int fd) { return flush(fd, SYS_fsync, FLUSH); }
int fdatasync(int fd) { return flush(fd, SYS_fdatasync, FLUSH); }
int syncfs(int fd) { return flush(fd, SYS_syncfs, FLUSH_ALL); }

static int truncate_fd(int fd, off_t size) {
    char path[PATH_MAX];
    if (!below_fd(fd, path)) return syscall(SYS_ftruncate, fd, size);
    enter();
    struct stat s;
    int grows = syscall(SYS_fstat, fd, &s) == 0 && size > s.st_size;
    int torn, error = reach(grows, &torn);
    if (error) FAIL(error);
    int done = syscall(SYS_ftruncate, fd, size);
    if (done == 0) note(TRUNCATE, inode(fd), size, NULL, 0, NULL);
    reached();
    DONE(done);
}
int ftruncate(int fd, off_t size) { return truncate_fd(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncate_fd(fd, size); }

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    char one[PATH_MAX], two[PATH_MAX];
    const char *old = below(a, from, one), *new = below(b, to, two);
    if (!old && !new) return syscall(SYS_renameat2, a, from, b, to, flags);
    enter();
    int torn, error = reach(1, &torn);
    if (error) FAIL(error);
    int done = syscall(SYS_renameat2, a, from, b, to, flags);
    if (done == 0) note(RENAME, inode_at(b, to), 0, old ? old : "", old ? strlen(old) : 0, new ? new : "");
    reached();
    DONE(done);
}
int renameat(int a, const char *from, int b, const char *to) { return renameat2(a, from, b, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int a, const char *from, int b, const char *to, int flags) {
    char two[PATH_MAX];
    const char *new = below(b, to, two);
    if (!new) return syscall(SYS_linkat, a, from, b, to, flags);
    enter();
    int torn, error = reach(1, &torn);
    if (error) FAIL(error);
    int done = syscall(SYS_linkat, a, from, b, to, flags);
    if (done == 0) note(LINK, inode_at(b, to), 0, new, strlen(new), NULL);
    reached();
    DONE(done);
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int dir, const char *name, int flags) {
    char path[PATH_MAX];
    const char *rel = below(dir, name, path);
    if (!rel) return syscall(SYS_unlinkat, dir, name, flags);
    enter();
    int torn, error = reach(0, &torn);
    if (error) FAIL(error);
    int done = syscall(SYS_unlinkat, dir, name, flags);
    if (done == 0) note(flags & AT_REMOVEDIR ? REMOVE_DIR : UNLINK, 0, 0, rel, strlen(rel), NULL);
    reached();
    DONE(done);
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int mkdirat(int dir, const char *name, mode_t mode) {
    char path[PATH_MAX];
    const char *rel = below(dir, name, path);
    if (!rel) return syscall(SYS_mkdirat, dir, name, mode);
    enter();
    int torn, error = reach(1, &torn);
    if (error) FAIL(error);
    int done = syscall(SYS_mkdirat, dir, name, mode);
    if (done == 0) note(MAKE_DIR, inode_at(dir, name), 0, rel, strlen(rel), NULL);
    reached();
    DONE(done);
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int statx(int dir, const char *restrict name, int flags, unsigned mask, struct statx *restrict s) {
    if (hidden_len && !strncmp(name, hidden, hidden_len)) { errno = ENOENT; return -1; }
    return syscall(SYS_statx, dir, name, flags, mask, s);
}

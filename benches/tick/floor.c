/* The floor of the bench `tick`: what the children cost when nobody watches over them.
 *
 *   floor run THREADS COUNT PROGRAM ARG...   starts COUNT children by posix_spawn, THREADS at a
 *                                            time, each with nothing on stdin, and reads both of
 *                                            its pipes to their end
 *   floor usage PROGRAM ARG...               runs it with its output thrown away, and prints when it
 *                                            began and ended (CLOCK_MONOTONIC, ns) and its peak RSS
 *   floor sleep SECONDS FILE                 a child: sleeps, then prints the file
 *   floor stamp LOG FILE                     a child: prints the file, and adds to LOG when it
 *                                            began and ended
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static atomic_long left;
static char **child_argv;

static void read_to_end(int fd) {
    static _Thread_local char buffer[65536];
    while (read(fd, buffer, sizeof buffer) > 0) {
    }
    close(fd);
}

static void run_one(void) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) fail("pipe2");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    pid_t pid;
    errno = posix_spawn(&pid, child_argv[0], &actions, NULL, child_argv, environ);
    if (errno) fail("posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    read_to_end(out[0]);
    read_to_end(err[0]);
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) fail("waitpid");
}

static void *work(void *unused) {
    while (atomic_fetch_sub(&left, 1) > 0) run_one();
    return unused;
}

static int run(long threads, long count, char **argv) {
    pthread_t other[1024];
    child_argv = argv;
    left = count;
    if (threads > count) threads = count;
    if (threads > 1024) threads = 1024;
    for (long i = 1; i < threads; i++)
        if (pthread_create(&other[i], NULL, work, NULL)) fail("pthread_create");
    work(NULL);
    for (long i = 1; i < threads; i++) pthread_join(other[i], NULL);
    return 0;
}

static int usage(char **argv) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    long long begun = now_ns();
    errno = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
    if (errno) fail("posix_spawn");
    int status;
    struct rusage used;
    if (wait4(pid, &status, 0, &used) != pid || status != 0) fail("wait4");
    printf("%lld %lld %ld\n", begun, now_ns(), used.ru_maxrss);
    return 0;
}

static int print_file(const char *path) {
    char buffer[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(path);
    ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 || write(1, buffer, (size_t)count) != count) fail(path);
    return 0;
}

static int stamp(const char *log, const char *path) {
    long long begun = now_ns();
    print_file(path);
    int fd = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) fail(log);
    char line[64];
    int length = snprintf(line, sizeof line, "%lld %lld\n", begun, now_ns());
    if (write(fd, line, (size_t)length) != length) fail(log);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 4 && !strcmp(argv[1], "run"))
        return run(atol(argv[2]), atol(argv[3]), argv + 4);
    if (argc > 2 && !strcmp(argv[1], "usage")) return usage(argv + 2);
    if (argc == 4 && !strcmp(argv[1], "sleep")) {
        double seconds = atof(argv[2]);
        struct timespec span = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
        nanosleep(&span, NULL);
        return print_file(argv[3]);
    }
    if (argc == 4 && !strcmp(argv[1], "stamp")) return stamp(argv[2], argv[3]);
    fputs("see the head of floor.c\n", stderr);
    return 2;
}

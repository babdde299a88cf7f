#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void spate_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

bool spate_end_with_parent(pid_t parent, int signal) {
    prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
    // The parent may have ended before the request; then nobody will send the signal.
    return getppid() == parent;
}

int spate_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static bool hangup_was_ignored = false;

// Before anything of the program runs, and before a library opens a file of its own, which would then get the number
// of a standard stream that was closed, and with it all that is printed; and before anything asks for a signal.
__attribute__((constructor)) static void keep_standard_streams(void) {
    for (int stream = 0; stream < 3; stream++) {
        // The lowest number that is free is this one.
        if (fcntl(stream, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != stream) return;
    }
    // A process that was started by way of /proc/self/exe would be called after that.
    char name[16] = "";
    if (prctl(PR_GET_NAME, name) == 0 && strcmp(name, "exe") == 0) spate_name_thread("spate");
    // A reader that is gone is an error of the write, not the end of the process.
    signal(SIGPIPE, SIG_IGN);
    struct sigaction hangup;
    hangup_was_ignored = sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
}

bool spate_outlives_terminal(void) { return hangup_was_ignored; }

int spate_pidfd_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

int spate_reap(pid_t pid, int *status) {
    int raw = 0;
    pid_t ended = waitpid(pid, &raw, WNOHANG);
    if (ended == 0) return 0;
    if (ended != pid) return -1;
    *status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return 1;
}

pid_t spate_ended_child(void) {
    siginfo_t info;
    info.si_pid = 0;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return -1;
    return info.si_pid;
}

static int watched_by = -1;

static void child_ended(int number) {
    (void)number;
    int before = errno;
    // A full pipe means that a byte is on its way already.
    ssize_t written = write(watched_by, "", 1);
    (void)written;
    errno = before;
}

void spate_watch_children(int descriptor) {
    watched_by = descriptor;
    struct sigaction action = {.sa_handler = child_ended, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigemptyset(&action.sa_mask);
    sigaction(SIGCHLD, &action, NULL);
}

void spate_adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int spate_shared_memory(uint64_t bytes) {
    int descriptor = memfd_create("spate", MFD_CLOEXEC);
    if (descriptor < 0) return -1;
    if (ftruncate(descriptor, (off_t)bytes) != 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

void *spate_map(int descriptor, uint64_t bytes) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return NULL;
    if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != bytes) {
        errno = EINVAL;
        return NULL;
    }
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void spate_publish(uint32_t *place, uint32_t value) { __atomic_store_n(place, value, __ATOMIC_RELEASE); }

uint32_t spate_published(const uint32_t *place) { return __atomic_load_n(place, __ATOMIC_ACQUIRE); }

void spate_crash_at_once(void) {
    const int numbers[] = {SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], SIG_DFL);
}

// In the child. Returns -1 with errno set.
static int limit(const spate_child *child) {
    if (child->memory_limit) {
        struct rlimit limit = {child->memory_limit, child->memory_limit};
        if (setrlimit(RLIMIT_DATA, &limit) != 0) return -1;
    }
    if (child->nice && setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + child->nice) != 0) return -1;
    if (child->processor_count > 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        for (int i = 0; i < child->processor_count; i++) {
            if (child->processors[i] >= 0 && child->processors[i] < CPU_SETSIZE) CPU_SET(child->processors[i], &set);
        }
        if (sched_setaffinity(0, sizeof set, &set) != 0) return -1;
    }
    return 0;
}

// In the child, between fork and exec: only async-signal-safe calls.
static void become(const spate_child *child, pid_t parent, int failure) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    setpgid(0, 0);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, 0);
    if (child->log_path) {
        // A named pipe that nobody reads is an error, not a wait without end.
        int log = open(child->log_path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0644);
        if (log < 0) goto failed;
        fcntl(log, F_SETFL, O_APPEND);
        dup2(log, 1);
        dup2(log, 2);
    }
    if (child->directory && chdir(child->directory) != 0) goto failed;
    if (limit(child) != 0) goto failed;
    if (child->parent_death_signal && !spate_end_with_parent(parent, child->parent_death_signal)) _exit(127);
    // Out of the way of the shared file.
    failure = fcntl(failure, F_DUPFD_CLOEXEC, SPATE_SHARED_DESCRIPTOR + 1);
    // Everything but the three standard files closes at exec.
    syscall(SYS_close_range, SPATE_SHARED_DESCRIPTOR, ~0U, 1 << 2);
    if (child->shared == SPATE_SHARED_DESCRIPTOR) {
        fcntl(SPATE_SHARED_DESCRIPTOR, F_SETFD, 0);
    } else if (child->shared && dup2(child->shared, SPATE_SHARED_DESCRIPTOR) < 0) {
        goto failed;
    }
    execve(child->path, child->arguments, child->environment ? child->environment : environ);
failed:;
    int reason = errno;
    ssize_t written = write(failure, &reason, sizeof reason);
    _exit(written == sizeof reason ? 127 : 126);
}

pid_t spate_spawn(const spate_child *child) {
    int failure[2];
    if (pipe2(failure, O_CLOEXEC) != 0) return -1;
    pid_t parent = getpid();
    // Signals wait until the child has its own handlers: a handler of ours must not run there.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) become(child, parent, failure[1]);
    int forked = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(failure[1]);
    if (pid < 0) {
        close(failure[0]);
        errno = forked;
        return -1;
    }
    // Exec closes the other end; bytes come only when it failed.
    int reason = 0;
    ssize_t count;
    do count = read(failure[0], &reason, sizeof reason);
    while (count < 0 && errno == EINTR);
    close(failure[0]);
    if (count == sizeof reason) {
        waitpid(pid, NULL, 0);
        errno = reason;
        return -1;
    }
    return pid;
}

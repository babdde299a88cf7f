// What Swift cannot call by itself: variadic and thread-bound system calls around processes.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// Names the calling thread, as `ps -L` and `top -H` show it; at most 15 bytes.
void spate_name_thread(const char *name);

/// How a child is started.
typedef struct {
    const char *path;
    char *const *arguments;
    /// NULL: the parent's own at this moment.
    char *const *environment;
    /// Appended to; NULL: the parent's own standard output and error.
    const char *log_path;
    /// NULL: the parent's.
    const char *directory;
    /// Bytes of private memory (RLIMIT_DATA) beyond which allocations fail; 0: no limit of its own.
    uint64_t memory_limit;
    /// Added to the parent's own; negative needs rights.
    int nice;
    /// The processors that it may run on; NULL: the parent's.
    const int *processors;
    int processor_count;
} spate_child;

/// Starts a child that ends with its parent: the kernel sends it SIGTERM when the calling thread ends, so call
/// this on a thread that lives as long as the process. The child leads a process group of its own (Ctrl-C in a
/// terminal reaches the parent only), reads nothing, and inherits no other file.
/// - Returns: its process id, or -1 with errno set.
pid_t spate_spawn(const spate_child *child);

/// A file descriptor that becomes readable when the process ends; -1 with errno set.
int spate_pidfd_open(pid_t pid);

/// Sends a signal to the process behind a descriptor: never to another that got its number.
/// - Returns: 0, or -1 with errno set (ESRCH: it has ended).
int spate_pidfd_signal(int descriptor, int signal);

/// Asks the kernel to send this process SIGTERM when its parent ends, and checks that the parent is still `parent`.
/// - Returns: false when the parent is gone already.
bool spate_end_with_parent(pid_t parent);

/// Waits for the end of a child without blocking.
/// - Returns: 0 while it runs, 1 when it ended (`status` is its exit status or 128 + signal), -1 for no such child.
int spate_reap(pid_t pid, int *status);

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
    /// The signal that the kernel sends it when its parent ends; 0: none, it lives on.
    int parent_death_signal;
    /// A file of the parent's that the child has as its descriptor SPATE_SHARED_DESCRIPTOR; 0: none.
    int shared;
} spate_child;

#define SPATE_SHARED_DESCRIPTOR 3

/// Starts a child. Its parent, for the kernel, is the calling thread, so call this on a thread that lives as long as the
/// process. The child leads a process group of its own (Ctrl-C in a terminal reaches the parent only), reads nothing,
/// and inherits no other file.
/// - Returns: its process id, or -1 with errno set.
pid_t spate_spawn(const spate_child *child);

/// A file descriptor that becomes readable when the process ends; -1 with errno set.
int spate_pidfd_open(pid_t pid);

/// Sends a signal to the process behind a descriptor: never to another that got its number.
/// - Returns: 0, or -1 with errno set (ESRCH: it has ended).
int spate_pidfd_signal(int descriptor, int signal);

/// Asks the kernel to send this process `signal` when its parent ends, and checks that the parent is still `parent`.
/// - Returns: false when the parent is gone already.
bool spate_end_with_parent(pid_t parent, int signal);

/// Waits for the end of a child without blocking.
/// - Returns: 0 while it runs, 1 when it ended (`status` is its exit status or 128 + signal), -1 for no such child.
int spate_reap(pid_t pid, int *status);

/// Says which child of this process has ended and was not waited for yet, and leaves it so.
/// - Returns: its process id; 0: none; -1: this process has no children.
pid_t spate_ended_child(void);

/// From now on each end of a child writes a byte to `descriptor`, which must not block.
void spate_watch_children(int descriptor);

/// Whether this process was started to go on when its terminal is closed, as by nohup: with SIGHUP ignored.
bool spate_outlives_terminal(void);

/// From now on orphans among the descendants of this process become its children, as they would of process 1.
void spate_adopt_orphans(void);

/// Memory without a name that a child can share, as an open file.
/// - Returns: a descriptor that closes at exec, or -1 with errno set.
int spate_shared_memory(uint64_t bytes);

/// Maps the shared memory behind `descriptor` for reading and writing.
/// - Returns: NULL with errno set if it is none of this size.
void *spate_map(int descriptor, uint64_t bytes);

/// Stores a number after everything that was written before; another process that reads it sees that, too.
void spate_publish(uint32_t *place, uint32_t value);
uint32_t spate_published(const uint32_t *place);

/// Lets the signals of a crash (SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV) end this process at once, whoever had
/// asked for them: no backtrace holds it up or prints what memory holds.
void spate_crash_at_once(void);

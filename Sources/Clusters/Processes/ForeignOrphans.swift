import Glibc

/// What becomes of processes that this one did not start and whose parent ended: the kernel gives them to process 1 of a
/// container, and there they stay as zombies, one number each, until somebody takes note of their end.
package enum ForeignOrphans: Sendable, Equatable {
    /// Somebody else sees to them.
    case left
    /// Their ends are noted as they happen. For one `ChildProcesses` of a process.
    case reaped

    /// What process 1 owes to others; nothing for any other process.
    package static var duty: ForeignOrphans { getpid() == 1 ? .reaped : .left }

    /// For a process that starts no children: the kernel itself forgets those that it is given.
    package static func forgetAll() {
        if getpid() == 1 { signal(SIGCHLD, SIG_IGN) }
    }
}

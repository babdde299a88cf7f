import CProcess
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A child process and the thread that waits for its end. The child ends with this process.
final class WatchedProcess: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let process: Mutex<pid_t?>
    /// Exit status, or 128 + signal.
    let ended: EventLoopFuture<Int32>

    private init(pid: pid_t, ended: EventLoopFuture<Int32>) {
        process = Mutex(pid)
        self.ended = ended
    }

    /// - Parameters:
    ///   - program: found by `PATH`.
    ///   - log: a file to which both outputs are appended.
    static func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], log: String
    ) async throws -> WatchedProcess {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let started = loop.makePromise(of: WatchedProcess.self)
        let ended = loop.makePromise(of: Int32.self)
        let command = Command(
            arguments: ["env"] + environment.map { "\($0.key)=\($0.value)" } + [program] + arguments, log: log)
        // The kernel ties the child to the thread that starts it, so that thread stays until the child ends.
        Thread.detachNewThread {
            guard let pid = command.spawn() else {
                let reason = Failure(description: "cannot start \(program): errno \(errno)")
                started.fail(reason)
                ended.fail(reason)
                return
            }
            let child = WatchedProcess(pid: pid, ended: ended.futureResult)
            started.succeed(child)
            ended.succeed(child.waitForEnd(pid))
        }
        return try await started.futureResult.get()
    }

    /// Sends a signal unless the process has ended.
    func signal(_ number: Int32) {
        process.withLock { pid in
            if let pid { _ = Glibc.kill(pid, number) }
        }
    }

    /// The number stays the child's until it is reaped, and it is reaped under the lock.
    private func waitForEnd(_ pid: pid_t) -> Int32 {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        return process.withLock { number in
            number = nil
            var status: Int32 = 0
            return spate_reap(pid, &status) == 1 ? status : -1
        }
    }
}

/// What to start, as C wants it.
private struct Command: Sendable {
    let arguments: [String]
    let log: String

    func spawn() -> pid_t? {
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { arguments in
            log.withCString { log in
                "/usr/bin/env".withCString { path in
                    var child = spate_child()
                    child.path = path
                    child.arguments = UnsafePointer(arguments.baseAddress)
                    child.environment = UnsafePointer(environ)
                    child.log_path = log
                    let pid = spate_spawn(&child)
                    return pid > 0 ? pid : nil
                }
            }
        }
    }
}

import CProcess
import Glibc

/// A named POSIX thread, for code that blocks.
struct BlockingThread: Sendable {
    private let thread: pthread_t

    /// - Parameter name: as `top -H` shows it; the first 15 bytes.
    /// - Throws: when the system gives no further thread.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(InferenceError) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                spate_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            start.release()
            throw InferenceError(
                .modelUnavailable,
                "the thread '\(name)' could not be started: \(String(cString: strerror(status))); raise the limit of processes (ulimit -u), or lower the model's instances"
            )
        }
        self.thread = thread
    }

    /// Blocks until the thread has ended. Once only.
    func join() { pthread_join(thread, nil) }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

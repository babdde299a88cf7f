/// Why a driver could not do what it was asked.
package struct WorkerDriverError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The workers of this pool are started by somebody else.
        case notOurs
        /// The pool's device, or the place where its workers run, is not here.
        case unavailable
        /// The start itself failed.
        case startFailed
        /// Whoever gave the order may not act any more; nothing was changed.
        case deposed
    }
    package var code: Code
    /// What failed, for which pool, what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

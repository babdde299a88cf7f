/// Why the queue could not do what was asked.
package struct QueueError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// Redis cannot be reached or did not answer in time; nothing is known of the effect.
        case unavailable
        /// Redis refuses writes: memory or disk is full. Settling may still work.
        case outOfMemory
        /// Redis refuses the credentials.
        case unauthorized
        /// Redis is set up in a way that would lose work (for example an eviction policy).
        case misconfigured
        /// A job or an outcome is above what one command can carry; to try again is in vain.
        case tooLarge
        /// A field of a job is longer than the queue carries; the message is for its caller.
        case notCarried
        /// Bytes in Redis are not what this version writes.
        case malformed
    }
    package var code: Code
    /// What failed, on which id, what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

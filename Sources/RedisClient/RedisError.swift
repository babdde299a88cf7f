/// Why a command has no reply.
package struct RedisError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// Nobody listens there, or TLS failed.
        case connectionFailed
        /// The connection ended while the command was under way; whether it ran is not known.
        case connectionLost
        /// No reply in time; whether it ran is not known.
        case timedOut
        /// The bytes that came are not RESP.
        case protocolViolation
        /// User or password were refused.
        case authenticationFailed
        /// Redis answered with an error; the prefix is its first word, for example `OOM` or `NOGROUP`.
        case serverError(prefix: String)
        case invalidURL
        /// The command alone is above what a connection may hold (and did not leave), or its reply above what is read.
        case tooLarge
        /// More commands wait for the connection than the bound allows.
        case overloaded
        /// The client was shut down.
        case closed
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// The error that Redis sent, for example `NOGROUP No such key …`.
    package init(reply text: String) {
        let prefix = text.prefix { $0 != " " }
        self.init(.serverError(prefix: String(prefix)), text)
    }
}

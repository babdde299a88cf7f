import Jobs
import RedisClient

extension QueueError {
    /// What a failure of Redis means to a user of the queue. The only place that reads Redis error texts.
    init(_ error: RedisError, _ what: String) {
        let code: Code =
            switch error.code {
            case .connectionFailed, .connectionLost, .timedOut, .overloaded, .closed: .unavailable
            case .protocolViolation: .malformed
            case .tooLarge: .tooLarge
            case .authenticationFailed: .unauthorized
            case .invalidURL: .misconfigured
            case .serverError(let prefix): Self.code(prefix: prefix, text: error.message)
            }
        let advice =
            switch code {
            case .outOfMemory: "; wait until jobs are settled, or give Redis more memory or disk"
            case .unauthorized: "; check user, password and ACL in the Redis URL"
            case .unavailable, .misconfigured, .malformed, .tooLarge, .notCarried: ""
            }
        self.init(code, "\(what): \(error.message)\(advice)")
    }

    /// Of an error reply's text.
    init(reply: String, _ what: String) { self.init(RedisError(reply: reply), what) }

    static func unexpected(_ reply: RedisValue, _ what: String) -> QueueError {
        if let message = reply.errorMessage { return QueueError(reply: message, what) }
        return QueueError(.malformed, "\(what): Redis sent a reply of an unexpected form")
    }

    private static func code(prefix: String, text: String) -> Code {
        switch prefix {
        case "OOM", "MISCONF", "NOREPLICAS": .outOfMemory
        case "EXECABORT":
            text.contains("OOM") || text.contains("MISCONF") || text.contains("previous errors")
                ? .outOfMemory : .unavailable
        case "NOAUTH", "WRONGPASS", "NOPERM": .unauthorized
        case "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "UNBLOCKED", "BUSY",
            "NOGROUP", "NOSCRIPT":
            .unavailable
        case "WRONGTYPE": .malformed
        default: .misconfigured
        }
    }
}

extension RedisClient {
    /// `send` with its errors in the queue's words; error replies are values.
    func perform(
        _ commands: [RedisCommand], timeout: Duration = .seconds(5), _ what: @autoclosure () -> String
    ) async throws(QueueError) -> [RedisValue] {
        do {
            return try await send(commands, timeout: timeout)
        } catch {
            throw QueueError(error, what())
        }
    }

    /// `run` with its errors in the queue's words; the first error reply is thrown.
    func perform(
        _ calls: [ScriptCall], timeout: Duration = .seconds(5), _ what: @autoclosure () -> String
    ) async throws(QueueError) -> [RedisValue] {
        let replies: [RedisValue]
        do {
            replies = try await run(calls, timeout: timeout)
        } catch {
            throw QueueError(error, what())
        }
        for reply in replies {
            if let message = reply.errorMessage { throw QueueError(reply: message, what()) }
        }
        return replies
    }
}

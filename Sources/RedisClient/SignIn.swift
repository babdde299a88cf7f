import NIOCore

/// The first commands on a connection, and what their replies mean.
struct SignIn {
    private enum Step: Equatable {
        case authenticate
        /// Shown by `CLIENT LIST`; only a convenience.
        case name
        case select
        /// Says `LOADING` or `MASTERDOWN` while the server is no use yet.
        case ping
    }

    private let steps: [(step: Step, command: RedisCommand)]
    private let label: String

    init(configuration: RedisConfiguration, name: String) {
        var steps: [(Step, RedisCommand)] = []
        switch (configuration.user, configuration.password) {
        case (nil, nil): break
        case (nil, let password?): steps.append((.authenticate, RedisCommand("AUTH", password)))
        // A user without a password is one that Redis lets in with any.
        case (let user?, let password): steps.append((.authenticate, RedisCommand("AUTH", user, password ?? "")))
        }
        steps.append((.name, RedisCommand("CLIENT", "SETNAME", name)))
        if configuration.database != 0 {
            steps.append((.select, RedisCommand("SELECT", String(configuration.database))))
        }
        steps.append((.ping, RedisCommand("PING")))
        self.steps = steps
        label = configuration.label
    }

    func run(on connection: RedisConnector.Connection) async throws(RedisError) {
        let result: RedisRequest.Outcome = await withCheckedContinuation { continuation in
            let request = RedisRequest(commands: steps.map(\.command), deadline: .now() + RedisConnector.timeout) {
                continuation.resume(returning: $0)
            }
            connection.perform { $0.send([request]) }
        }
        switch result {
        case .success(let replies): try check(replies)
        case .failure(let error):
            if error.code == .connectionFailed { throw error }
            let reason = error.code == .timedOut ? "it did not answer" : error.message
            throw RedisError(.connectionFailed, "cannot sign in to Redis at \(label): \(reason)")
        }
    }

    /// - Throws: what the first reply means that refuses the connection.
    func check(_ replies: [RedisValue]) throws(RedisError) {
        for (reply, step) in zip(replies, steps.map(\.step)) {
            guard let message = reply.errorMessage else { continue }
            let prefix = message.prefix { $0 != " " }
            switch (step, prefix) {
            case (.authenticate, "LOADING"), (.authenticate, "MASTERDOWN"): throw RedisError(reply: message)
            case (.authenticate, _), (_, "NOAUTH"), (.select, "NOPERM"), (.ping, "NOPERM"):
                throw RedisError(
                    .authenticationFailed,
                    "Redis at \(label) refuses the sign-in (\(message)); set user and password in the Redis URL")
            case (.name, _): continue
            // It takes no writes while its disk is full, and answers questions; whoever writes is told.
            case (.ping, "MISCONF"): continue
            case (.select, _), (.ping, _): throw RedisError(reply: message)
            }
        }
    }
}

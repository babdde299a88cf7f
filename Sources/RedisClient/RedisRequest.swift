import NIOCore

/// Commands that leave together and whose replies are returned together.
struct RedisRequest: Sendable {
    typealias Outcome = Result<[RedisValue], RedisError>

    let commands: [RedisCommand]
    let deadline: NIODeadline
    /// Of a caller who may lose interest before it is sent.
    var caller: RedisCaller?
    /// Called exactly once, from any thread; must not block.
    let complete: @Sendable (Outcome) -> Void

    init(
        commands: [RedisCommand], deadline: NIODeadline, caller: RedisCaller? = nil,
        complete: @escaping @Sendable (Outcome) -> Void
    ) {
        self.commands = commands
        self.deadline = deadline
        self.caller = caller
        self.complete = complete
    }

    var load: RedisLoad { RedisLoad(commands: commands.count, bytes: commands.reduce(0) { $0 + $1.size }) }
}

/// Stands for one call.
final class RedisCaller: Sendable {}

/// What a client holds for its callers.
struct RedisLoad: Equatable {
    var commands = 0
    var bytes = 0

    static func += (total: inout RedisLoad, part: RedisLoad) {
        total.commands += part.commands
        total.bytes += part.bytes
    }

    static func -= (total: inout RedisLoad, part: RedisLoad) {
        total.commands -= part.commands
        total.bytes -= part.bytes
    }
}

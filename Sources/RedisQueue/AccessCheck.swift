import Jobs
import RedisClient

/// Whether the user of the connection may do everything that the roles do, asked by doing it to a key that nobody else uses.
///
/// An ACL is not readable by those whom it restricts, and a right that is missing shows at the first job otherwise.
enum AccessCheck {
    /// One transaction: without a lasting effect, wherever the process or its connection ends. Errors other than of a missing
    /// right are expected.
    private static func commands(_ keys: Keys, _ key: String) -> [[String]] {
        let group = Keys.group
        return [
            ["MULTI"], ["XADD", key, "NOMKSTREAM", "*", "p", ""], ["XLEN", key], ["XDEL", key, "0-1"],
            ["XACK", key, group, "0-1"],
            ["XRANGE", key, "-", "+", "COUNT", "1"], ["XREVRANGE", key, "+", "-", "COUNT", "1"],
            ["XPENDING", key, group],
            ["XCLAIM", key, group, "w", "0", "0-1"], ["XREADGROUP", "GROUP", group, "w", "STREAMS", key, ">"],
            ["XGROUP", "CREATE", key, group, "0"], ["XGROUP", "DELCONSUMER", key, group, "w"],
            ["XINFO", "GROUPS", key],
            ["XINFO", "CONSUMERS", key, group], ["XINFO", "STREAM", key], ["XTRIM", key, "MAXLEN", "1"],
            ["GET", key], ["MGET", key], ["STRLEN", key], ["EXISTS", key], ["SET", key, "", "XX", "PX", "1"],
            ["PEXPIRE", key, "1"], ["EXPIRE", key, "1"], ["PERSIST", key],
            ["BITFIELD", key, "GET", "u8", "0"],
            ["RPUSH", key, "x"], ["LTRIM", key, "1", "0"], ["BLMPOP", "0.001", "1", key, "LEFT"],
            ["ZADD", key, "XX", "1", "m"], ["ZREM", key, "m"], ["ZCARD", key], ["ZSCORE", key, "m"],
            ["ZRANGE", key, "0", "0"], ["ZRANGEBYSCORE", key, "0", "1"], ["ZREMRANGEBYSCORE", key, "0", "1"],
            ["HGET", key, "f"], ["HMGET", key, "f"], ["HGETALL", key], ["HDEL", key, "f"],
            ["HSET", key, "f", "1"], ["HSETNX", key, "f", "1"], ["HINCRBY", key, "f", "1"], ["DEL", key],
            ["SADD", key, "m"], ["SREM", key, "m"], ["SMEMBERS", key], ["UNLINK", key],
            ["PUBLISH", keys.channel("probe"), ""], ["TIME"],
            ["SCRIPT", "LOAD", "return 1"], ["EVALSHA", RedisScript.state.digest, "0"], ["EVAL", "return 1", "0"],
            ["EXEC"],
        ]
    }

    /// - Throws: `unauthorized` with every right that is missing.
    static func run(on client: RedisClient, _ connections: RedisConnections) async throws(QueueError) {
        let key = connections.keys.probe + ":" + String(UInt64.random(in: .min ... .max), radix: 36)
        let commands = commands(connections.keys, key)
        let replies = try await client.perform(
            commands.map { words in
                var command = RedisCommand(words[0])
                command.append(contentsOf: words.dropFirst())
                return command
            }, "checking what the user of Redis may do")
        var missing: [String] = []
        for (words, reply) in zip(commands, replies) {
            guard let message = reply.errorMessage, message.hasPrefix("NOPERM") else { continue }
            missing.append(
                message.contains("keys") || message.contains("channels")
                    ? "\(words[0].lowercased()) on \(words[0] == "PUBLISH" ? words[1] : connections.keys.probe)"
                    : words[0].lowercased() + (subcommands.contains(words[0]) ? "|" + words[1].lowercased() : ""))
        }
        guard !missing.isEmpty else { return }
        let root = connections.cluster.keyPrefix
        let channels = "&" + connections.keys.channel("*")
        throw QueueError(
            .unauthorized,
            "the user of Redis at \(connections.configuration.label) may not do what Spate needs: \(missing.joined(separator: ", ")). Allow it with ACL SETUSER <user> ~\(root):* \(channels) +@all -@dangerous +info"
        )
    }

    private static let subcommands: Set<String> = ["XGROUP", "XINFO", "SCRIPT"]
}

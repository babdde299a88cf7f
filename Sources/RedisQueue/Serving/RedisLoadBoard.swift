import FoundationEssentials
package import Jobs
import Logging
import NIOCore
import Observability
import RedisClient
import Synchronization
package import Time

/// What workers load and what cannot be served, on Redis. `run` must be under way while it is used.
package final class RedisLoadBoard: LoadBoard {
    /// How long deaths are remembered after the last one.
    private static let memory = Duration.seconds(30 * 86_400)

    private let connections: RedisConnections
    private let client: RedisClient
    private let keys: Keys
    private let known = Mutex(ServingFaults())

    package init(_ connections: RedisConnections) {
        self.connections = connections
        client = connections.makeClient("loads")
        keys = connections.keys
    }

    /// Keeps the connection until the task is cancelled.
    package func run() async { await client.run() }

    /// The faults as `follow` read them last; at once, without a round trip.
    package var current: ServingFaults { known.withLock { $0 } }

    /// Keeps `current` up to date, until the task is cancelled.
    /// - Parameter onChange: called after each change of it.
    package func follow(onChange: @escaping @Sendable () -> Void = {}) async {
        let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watch { changed.yield() } }
            group.addTask {
                for await _ in changes {
                    await self.refresh()
                    onChange()
                }
            }
        }
    }

    private func refresh() async {
        while !Task.isCancelled {
            do {
                let faults = try await faults()
                return known.withLock { $0 = faults }
            } catch {
                connections.logger.debug("what cannot be served was not read", metadata: [LogKeys.reason: "\(error)"])
                await connections.timing.pause(.seconds(1))
            }
        }
    }

    // MARK: Faults

    package func faults() async throws(QueueError) -> ServingFaults {
        ServingFaults(try await values(of: keys.faults, ServingFault.self, "reading what cannot be served"))
    }

    package func put(_ fault: ServingFault) async throws(QueueError) {
        let what = "noting what cannot be served"
        let json = try Self.json(fault, what)
        try await note(Keys.fault(of: fault.queue, in: fault.pool), json, in: keys.faults, what)
        try await write([RedisCommand("PUBLISH", keys.faultsChanged, fault.pool)], what)
    }

    package func clear(pool: String, queue: QueueName?) async throws(QueueError) {
        let what = "taking back what cannot be served"
        let field = Keys.fault(of: queue?.description, in: pool)
        var commands = [RedisCommand("HDEL", keys.faults, field)]
        if queue != nil {
            let deaths = try await fields(of: keys.loadDeaths, what).map(\.name).filter { $0.hasPrefix(field + " ") }
            commands += deaths.map { RedisCommand("HDEL", keys.loadDeaths, $0) }
        }
        try await write(commands + [RedisCommand("PUBLISH", keys.faultsChanged, pool)], what)
    }

    package func watch(_ change: @escaping @Sendable () -> Void) async {
        await connections.makeSubscriber("faults").run(channels: [keys.faultsChanged], onSubscribed: change) { _, _ in
            change()
        }
    }

    // MARK: Loads

    package func begin(_ load: LoadEntry) async throws(QueueError) {
        let what = "noting that a load begins"
        let json = try Self.json(load, what)
        try await note("\(load.worker) \(load.queue)", json, in: keys.loads, what)
    }

    package func end(_ queue: QueueName, at worker: String) async throws(QueueError) {
        try await write([RedisCommand("HDEL", keys.loads, "\(worker) \(queue)")], "noting that a load ended")
    }

    package func takeTurn(
        _ queue: QueueName, in pool: String, at worker: String, for life: Duration
    ) async throws(QueueError) -> Bool {
        let what = "taking the turn to load \(queue)"
        let command = RedisCommand(
            "SET", keys.loadTurn(of: queue, in: pool), worker, "NX", "PX", String(max(life.wholeMilliseconds, 1)))
        let reply = try await client.perform([command], what).first ?? .null
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
        return !reply.isNull
    }

    package func endTurn(_ queue: QueueName, in pool: String, at worker: String) async throws(QueueError) {
        let what = "ending the turn to load \(queue)"
        let key = keys.loadTurn(of: queue, in: pool)
        // One whose time was over between the two only lets another in beside the next.
        guard try await client.perform([RedisCommand("GET", key)], what).first?.string == worker else { return }
        try await write([RedisCommand("DEL", key), RedisCommand("PUBLISH", keys.faultsChanged, pool)], what)
    }

    package func lost() async throws(QueueError) -> [LostLoad] {
        let what = "looking for loads that ended with their workers"
        let loads = try await values(of: keys.loads, LoadEntry.self, what)
        guard !loads.isEmpty else { return [] }
        let leases = try await client.perform(loads.map { RedisCommand("EXISTS", keys.worker($0.worker)) }, what)
        var lost: [LostLoad] = []
        for (load, lease) in zip(loads, leases) where lease.integer == 0 {
            // Whoever removes it counts it.
            let claim = try await client.perform(
                [RedisCommand("HDEL", keys.loads, "\(load.worker) \(load.queue)")], what)
            guard claim.first?.integer == 1 else { continue }
            lost.append(try await counted(load, what))
        }
        return lost
    }

    private func counted(_ load: LoadEntry, _ what: String) async throws(QueueError) -> LostLoad {
        let field = "\(Keys.fault(of: load.queue, in: load.pool)) \(load.stamp)"
        let replies = try await client.perform(
            [
                RedisCommand("HINCRBY", keys.loadDeaths, field, "1"),
                RedisCommand("HINCRBY", keys.loadDeaths, field + " alone", load.isAlone ? "1" : "0"),
                RedisCommand("EXPIRE", keys.loadDeaths, String(Self.memory.components.seconds)),
            ], what)
        guard let deaths = replies.first?.integer, let alone = replies.dropFirst().first?.integer else {
            throw QueueError.unexpected(replies.first ?? .null, what)
        }
        return LostLoad(load: load, deaths: deaths, deathsAlone: alone)
    }

    /// For the start of a whole cluster whose earlier workers ended with it: their loads are nobody's death, what failed is
    /// tried again, and what workers died with is tried again alone.
    package func beginAnew(at now: Timestamp) async throws(QueueError) {
        let what = "beginning anew with what cannot be served"
        try await write([RedisCommand("DEL", keys.loads)], what)
        for fault in try await faults().all {
            switch fault.kind {
            case .deaths:
                var suspect = fault
                suspect.until = min(fault.until, now)
                try await put(suspect)
            case .load, .pool:
                try await write([RedisCommand("HDEL", keys.faults, Keys.fault(of: fault.queue, in: fault.pool))], what)
            }
        }
    }

    // MARK: Common

    /// Also in a full Redis: a worker that starts then is to drain it.
    private func note(_ field: String, _ json: String, in key: String, _ what: String) async throws(QueueError) {
        _ = try await client.perform([RedisScript.hashSet.call(keys: [key]).with("all", field, json)], what)
    }

    private func write(_ commands: [RedisCommand], _ what: String) async throws(QueueError) {
        for reply in try await client.perform(commands, what) {
            if let message = reply.errorMessage { throw QueueError(reply: message, what) }
        }
    }

    private func fields(
        of key: String, _ what: String
    ) async throws(QueueError) -> [(name: String, value: ByteBuffer)] {
        let reply = try await client.perform([RedisCommand("HGETALL", key)], what).first ?? .null
        guard let pairs = reply.array else { throw QueueError.unexpected(reply, what) }
        return stride(from: 1, to: pairs.count, by: 2).compactMap { index in
            guard let name = pairs[index - 1].string, let value = pairs[index].bytes else { return nil }
            return (name, value)
        }
    }

    /// A value that cannot be read, of a later version, is passed over.
    private func values<Value: Decodable>(
        of key: String, _ type: Value.Type, _ what: String
    ) async throws(QueueError) -> [Value] {
        let decoder = JSONDecoder()
        return try await fields(of: key, what).compactMap { name, value in
            do {
                return try decoder.decode(type, from: Data(value.readableBytesView))
            } catch {
                connections.logger.error(
                    "an entry cannot be read", metadata: [LogKeys.entry: "\(name)", LogKeys.reason: "\(error)"])
                return nil
            }
        }
    }

    private static func json(_ value: some Encodable, _ what: String) throws(QueueError) -> String {
        do {
            return String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        } catch {
            throw QueueError(.malformed, "\(what): it has no JSON form: \(error)")
        }
    }
}

import Jobs
import RedisClient

/// Gives back everything that a worker holds, in bounded steps.
enum Reaper {
    /// Jobs per script call: what Redis does without serving anybody else, well under a millisecond.
    static let step = 256

    /// Why a worker holds its jobs no more.
    enum Cause: Sendable {
        /// It left of its own accord: no job counts anything.
        case leaving
        /// It died: what that counts for is in `Blame`.
        case death(LastRuns)
    }

    /// One part of a queue that may have jobs of the worker.
    private enum Place: Sendable {
        case lane(QueueName, PriorityClass)
        case pointers(QueueName)
    }

    /// Reaps `worker` from `queues` and removes its lease. Safe to repeat, and to run from several places at once.
    static func reap(
        _ worker: String, from queues: [QueueName], after cause: Cause, on client: RedisClient, _ keys: Keys
    ) async throws(QueueError) -> Reaped {
        let what = "giving back the jobs of worker \(worker)"
        var reaped = Reaped()
        var blame: Blame?
        if case .death(let ran) = cause {
            blame = Blame(tried: try await tried(by: worker, in: queues, on: client, keys, what), ran: ran)
        }
        var places: [Place] = []
        for queue in queues {
            places += PriorityClass.allCases.map { .lane(queue, $0) }
            places.append(.pointers(queue))
        }
        while !places.isEmpty {
            let replies = try await client.perform(places.map { call($0, worker, blame, keys) }, what)
            var remaining: [Place] = []
            for (place, reply) in zip(places, replies) {
                let numbers = reply.array?.compactMap(\.integer) ?? []
                guard numbers.count >= 2 else { throw QueueError.unexpected(reply, what) }
                if case .lane(let queue, _) = place, numbers[0] > 0 { reaped.jobs[queue, default: 0] += numbers[0] }
                if numbers.count > 2, numbers[2] == 1 { reaped.blamed = blame?.guilty }
                if numbers[1] == 1 { remaining.append(place) }
            }
            places = remaining
        }
        let replies = try await client.perform(
            [RedisCommand("DEL", keys.worker(worker)), RedisCommand("SREM", keys.workers, worker)], what)
        for reply in replies where reply.errorMessage != nil { throw QueueError.unexpected(reply, what) }
        return reaped
    }

    /// The job that the worker has marked as the only one that it runs.
    private static func tried(
        by worker: String, in queues: [QueueName], on client: RedisClient, _ keys: Keys, _ what: String
    ) async throws(QueueError) -> JobID? {
        let lanes = queues.flatMap { queue in PriorityClass.allCases.map { (queue, $0) } }
        let calls = lanes.map { queue, priority in
            RedisScript.tried.call(keys: [keys.lane(queue, priority)])
                .with(worker, Keys.group, String(DeliveryCount.trial), String(step))
        }
        var found: [JobID] = []
        for ((queue, priority), reply) in zip(lanes, try await client.perform(calls, what)) {
            if reply.errorMessage != nil { throw QueueError.unexpected(reply, what) }
            guard let entry = reply.entryID else { continue }
            found.append(JobID(queue: queue, priority: priority, entry: entry))
        }
        return found.min { ($0.priority, $0.entry) < ($1.priority, $1.entry) }
    }

    private static func call(_ place: Place, _ worker: String, _ blame: Blame?, _ keys: Keys) -> ScriptCall {
        switch place {
        case .lane(let queue, let priority):
            return RedisScript.reap.call(keys: [keys.lane(queue, priority), keys.again(queue)])
                .with(
                    worker, Keys.group, Keys.returned, priority.name, String(step),
                    String(blame == nil ? 0 : DeliveryCount.crash), String(DeliveryCount.trial)
                )
                .with(blame.map { arguments(of: $0, queue, priority) } ?? ["", "listed"])
        case .pointers(let queue):
            return RedisScript.reapPointers.call(keys: [keys.again(queue)])
                .with(worker, Keys.group, String(step), "0", "gone")
        }
    }

    /// What the script is told of one lane: the guilty entry, and which others may have been it.
    private static func arguments(of blame: Blame, _ queue: QueueName, _ priority: PriorityClass) -> [String] {
        func entry(_ id: JobID) -> String? {
            id.queue == queue && id.priority == priority ? id.entry.description : nil
        }
        let guilty = blame.guilty.flatMap(entry) ?? ""
        return switch blame.suspects {
        case .all: [guilty, "all"]
        case .only(let jobs): [guilty, "listed"] + jobs.compactMap(entry).sorted()
        }
    }
}

import Jobs
import RedisClient

/// Gives back everything that a worker holds, in bounded steps.
enum Reaper {
    /// Jobs per script call: what Redis does without serving anybody else, well under a millisecond.
    static let step = 256

    /// One part of a queue that may have jobs of the worker.
    private enum Place: Sendable {
        case lane(QueueName, PriorityClass)
        case pointers(QueueName)
    }

    /// Reaps `worker` from `queues` and removes its lease. Safe to repeat, and to run from several places at once.
    ///
    /// - Parameter crashed: whether the worker died: each job counts a crash, one that had some before only if it was on
    ///   trial.
    /// - Returns: the number of jobs that went back.
    static func reap(
        _ worker: String, from queues: [QueueName], crashed: Bool, on client: RedisClient
    ) async throws(QueueError) -> Int {
        let what = "giving back the jobs of worker \(worker)"
        var places: [Place] = []
        for queue in queues {
            places += PriorityClass.allCases.map { .lane(queue, $0) }
            places.append(.pointers(queue))
        }
        var count = 0
        while !places.isEmpty {
            let replies = try await client.perform(places.map { call($0, worker, crashed: crashed) }, what)
            var remaining: [Place] = []
            for (place, reply) in zip(places, replies) {
                let numbers = reply.array?.compactMap(\.integer) ?? []
                guard numbers.count == 2 else { throw QueueError.unexpected(reply, what) }
                if case .lane = place { count += numbers[0] }
                if numbers[1] == 1 { remaining.append(place) }
            }
            places = remaining
        }
        let replies = try await client.perform(
            [RedisCommand("DEL", Keys.worker(worker)), RedisCommand("SREM", Keys.workers, worker)], what)
        for reply in replies where reply.errorMessage != nil { throw QueueError.unexpected(reply, what) }
        return count
    }

    private static func call(_ place: Place, _ worker: String, crashed: Bool) -> ScriptCall {
        switch place {
        case .lane(let queue, let priority):
            RedisScript.reap.call(keys: [Keys.lane(queue, priority), Keys.again(queue)])
                .with(
                    worker, Keys.group, Keys.returned, priority.name, String(step),
                    String(crashed ? DeliveryCount.crash : 0), String(DeliveryCount.trial))
        case .pointers(let queue):
            RedisScript.reapPointers.call(keys: [Keys.again(queue)])
                .with(worker, Keys.group, String(step), "0", "gone")
        }
    }
}

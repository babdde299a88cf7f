package import Jobs
import NIOCore
import Synchronization
import Time

extension QueueConformance {
    static let delivery: [QueueConformance] = [
        QueueConformance("delivers jobs unchanged, in order, each to one worker") { queue in
            let (first, second) = (queue.worker("w1"), queue.worker("w2"))
            let sent = (0..<10).map { queue.makeJob($0, replyTo: ReplyAddress(gateway: "g", token: UInt64($0))) }
            var ids: [JobID] = []
            for job in sent { ids.append(try await queue.submit(job)) }
            let taken = try await queue.take(first, upTo: 4) + queue.take(second, upTo: 100)
            try requireEqual(taken.map(\.id), ids, "the order")
            try requireEqual(taken.map(\.job), sent, "the jobs")
            try require(taken.allSatisfy { $0.attempt == 1 && $0.crashes == 0 }, "a first delivery is attempt 1")
            try requireEqual(try await queue.take(first).count, 0, "the number of jobs left")
            try await queue.requireDepth(inFlight: 10)
        },
        QueueConformance("delivers higher classes first, up to the limit of each lane") { queue in
            let worker = queue.worker("w")
            for priority in [PriorityClass.low, .normal, .high] {
                _ = try await queue.submit(count: 3, priority: priority)
            }
            let taken = try await queue.take(worker, upTo: 2)
            try requireEqual(
                taken.map(\.job.priority), [.high, .high, .normal, .normal, .low, .low], "the classes")
            try await queue.requireDepth(waiting: 3, inFlight: 6)
        },
        QueueConformance("counts the entries of the lane at submit") { queue in
            var depths: [Int] = []
            for _ in 0..<3 {
                guard case .accepted(_, let depth) = try await queue.submissions.submit(queue.makeJob(), once: nil)
                else { throw ConformanceFailure(description: "not accepted") }
                depths.append(depth)
            }
            try requireEqual(depths, [1, 2, 3], "the depths")
        },
        QueueConformance("wakes a waiting take at a submit") { queue in
            let worker = queue.worker("w")
            async let taken = queue.take(worker, upTo: 1, patience: .seconds(20))
            let id = try await queue.submit(queue.makeJob())
            try requireEqual(try await taken.map(\.id), [id], "the job taken")
        },
        QueueConformance("returns nothing when patience ends") { queue in
            let started = ContinuousClock.now
            let taken = try await queue.take(queue.worker("w"), upTo: 1, patience: .milliseconds(30))
            try requireEqual(taken.count, 0, "the number of jobs")
            try require(ContinuousClock.now - started >= .milliseconds(29), "the take did not wait")
        },
        QueueConformance("keeps queues apart") { queue in
            guard let other = QueueName(model: "other", version: "1") else { return }
            let worker = queue.worker("w")
            var job = queue.makeJob()
            job.queue = other
            let (here, there) = (try await queue.submit(queue.makeJob()), try await queue.submit(job))
            try requireEqual(try await queue.take(worker).map(\.id), [here], "the jobs of one queue")
            let rest = try await worker.take(upTo: 5, from: [queue.queue, other], waiting: .zero)
            try requireEqual(rest.map(\.id), [there], "the jobs of both queues")
        },
    ]

    static let settling: [QueueConformance] = [
        QueueConformance("stores the outcome, removes the job and answers the gateway that waits") { queue in
            let worker = queue.worker("w")
            let address = ReplyAddress(gateway: "g1", token: 7)
            let id = try await queue.submit(queue.makeJob(replyTo: address))
            try await queue.requireState(id, .waiting)
            let job = try await queue.takeOne(worker)
            try await queue.requireState(id, .running)
            let settlement = queue.outcome(of: job)
            try await worker.settle([settlement])
            try await queue.requireState(id, .settled(settlement.outcome))
            try await queue.requireDepth()
            let replies = try await queue.replies(to: "g1", count: 1)
            try requireEqual(replies, [settlement.outcome], "the replies")
        },
        QueueConformance("settles jobs of several lanes and gateways at once") { queue in
            let worker = queue.worker("w")
            for (number, priority) in PriorityClass.allCases.enumerated() {
                let address = ReplyAddress(gateway: "g\(number % 2)", token: UInt64(number))
                _ = try await queue.submit(queue.makeJob(number, priority: priority, replyTo: address))
            }
            let settlements = try await queue.take(worker).map { queue.outcome(of: $0) }
            try await worker.settle(settlements)
            for settlement in settlements {
                try await queue.requireState(settlement.outcome.id, .settled(settlement.outcome))
            }
            try await queue.requireDepth()
            let tokens = try await queue.replies(to: "g0", count: 2).map { $0.replyTo?.token }
            try requireEqual(tokens, [0, 2], "the tokens answered at g0")
        },
        QueueConformance("lets the first outcome win over that of a worker taken for dead") { queue in
            let (zombie, heir) = (queue.worker("zombie"), queue.worker("heir"))
            let id = try await queue.submit(queue.makeJob())
            let late = try await queue.takeOne(zombie)
            _ = try await queue.observer.reap("zombie", from: [queue.queue])
            let job = try await queue.takeOne(heir)
            try await heir.settle([queue.outcome(of: job, worker: "heir")])
            try await zombie.settle([queue.outcome(of: late, worker: "zombie")])
            guard case .settled(let outcome) = try await queue.submissions.state(of: id) else {
                throw ConformanceFailure(description: "the job is not settled")
            }
            try requireEqual(outcome.run.worker, "heir", "the worker of the stored outcome")
            try await queue.requireDepth()
        },
        QueueConformance("takes the outcome of a worker taken for dead when it comes first") { queue in
            let (zombie, heir) = (queue.worker("zombie"), queue.worker("heir"))
            let id = try await queue.submit(queue.makeJob())
            let late = try await queue.takeOne(zombie)
            _ = try await queue.observer.reap("zombie", from: [queue.queue])
            let job = try await queue.takeOne(heir)
            try await zombie.settle([queue.outcome(of: late, worker: "zombie")])
            try await heir.settle([queue.outcome(of: job, worker: "heir")])
            guard case .settled(let outcome) = try await queue.submissions.state(of: id) else {
                throw ConformanceFailure(description: "the job is not settled")
            }
            try requireEqual(outcome.run.worker, "zombie", "the worker of the stored outcome")
            try await queue.requireDepth()
        },
        QueueConformance("settles the same jobs twice without effect") { queue in
            let worker = queue.worker("w")
            let ids = try await queue.submit(count: 3)
            let settlements = try await queue.take(worker).map { queue.outcome(of: $0) }
            try await worker.settle(settlements)
            try await worker.settle(settlements)
            for (id, settlement) in zip(ids, settlements) {
                try await queue.requireState(id, .settled(settlement.outcome))
            }
            try await queue.requireDepth()
        },
        QueueConformance("wakes those who wait for a job when it is settled") { queue in
            let worker = queue.worker("w")
            let id = try await queue.submit(queue.makeJob())
            let settlement = queue.outcome(of: try await queue.takeOne(worker))
            async let state = queue.submissions.state(of: id, waitingUpTo: .seconds(20))
            try await worker.settle([settlement])
            try requireEqual(try await state, .settled(settlement.outcome), "the state waited for")
        },
        QueueConformance("ends a wait for a job at its limit") { queue in
            let id = try await queue.submit(queue.makeJob())
            let state = try await queue.submissions.state(of: id, waitingUpTo: .milliseconds(30))
            try requireEqual(state, .waiting, "the state")
        },
        QueueConformance("forgets an outcome when its retention ends, and keeps it when asked to") { queue in
            let worker = queue.worker("w")
            let ids = [
                try await queue.submit(queue.makeJob(retention: .seconds(1))),
                try await queue.submit(queue.makeJob(retention: .seconds(1))),
            ]
            try await worker.settle(try await queue.take(worker).map { queue.outcome(of: $0) })
            try await queue.submissions.keepOutcome(of: ids[1], for: .seconds(60))
            // A take that finds nothing lasts as long as its patience: the retention is over after it.
            _ = try await queue.take(worker, upTo: 1, patience: .milliseconds(1_100))
            try await queue.requireState(ids[0], .unknown)
            _ = try await queue.ending(of: ids[1])
        },
        QueueConformance("does not know ids that it never gave out") { queue in
            let entry = EntryID(milliseconds: UInt64(queue.clock.now().milliseconds), sequence: 99)
            let id = JobID(queue: queue.queue, priority: .normal, entry: entry)
            try await queue.requireState(id, .unknown)
            _ = try await queue.submit(queue.makeJob())
            try await queue.requireState(id, .unknown)
            try requireEqual(
                try await queue.submissions.state(of: id, waitingUpTo: .seconds(20)), .unknown, "the state waited for")
            let old = JobID(queue: queue.queue, priority: .normal, entry: EntryID(milliseconds: 1, sequence: 0))
            try await queue.requireState(old, .gone)
            try requireEqual(try await queue.submissions.cancel(id, reason: "r"), .unknown, "the state after cancel")
        },
    ]
}

extension QueueUnderTest {
    /// Awaits `count` outcomes addressed to `gateway`.
    package func replies(to gateway: String, count: Int) async throws -> [Outcome] {
        let (stream, continuation) = AsyncStream<Outcome>.makeStream()
        let submissions = self.submissions
        return await withTaskGroup(of: [Outcome].self) { group in
            group.addTask {
                await submissions.deliverReplies(to: gateway) { continuation.yield($0) }
                return []
            }
            group.addTask {
                var outcomes: [Outcome] = []
                for await outcome in stream {
                    outcomes.append(outcome)
                    if outcomes.count == count { break }
                }
                return outcomes
            }
            group.addTask {
                // The bound of the wait; ends early when the outcomes came.
                try? await Task.sleep(for: .seconds(20))
                continuation.finish()
                return []
            }
            var found: [Outcome] = []
            for await outcomes in group where !outcomes.isEmpty {
                found = outcomes
                break
            }
            group.cancelAll()
            return found
        }
    }
}

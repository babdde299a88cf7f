package import Jobs
import Synchronization
import Time

extension QueueConformance {
    static let givingBack: [QueueConformance] = [
        QueueConformance("hands jobs back unpenalised and at once") { queue in
            let (first, second) = (queue.worker("w1"), queue.worker("w2"))
            let ids = try await queue.submit(count: 3)
            let held = try await queue.take(first)
            try await first.handBack(Array(held.prefix(2)))
            try await queue.requireState(ids[0], .retrying)
            try await queue.requireDepth(waiting: 2, inFlight: 1)
            let again = try await queue.take(second)
            try requireEqual(again.map(\.id), Array(ids.prefix(2)), "the jobs taken again")
            try require(again.allSatisfy { $0.attempt == 1 && $0.crashes == 0 }, "handing back was penalised")
            try requireEqual(again.map(\.job), held.prefix(2).map(\.job), "the jobs' content")
        },
        QueueConformance("wakes a waiting take at a hand-back") { queue in
            let (first, second) = (queue.worker("w1"), queue.worker("w2"))
            let id = try await queue.submit(queue.makeJob())
            let job = try await queue.takeOne(first)
            async let taken = queue.take(second, upTo: 1, patience: .seconds(20))
            try await first.handBack([job])
            try requireEqual(try await taken.map(\.id), [id], "the job taken")
        },
        QueueConformance("delivers a failed job again after its delay, one attempt later") { queue in
            let worker = queue.worker("w")
            let id = try await queue.submit(queue.makeJob())
            let job = try await queue.takeOne(worker)
            try await worker.retry(job, after: .seconds(3_600), error: "out of luck")
            try await queue.requireState(id, .retrying)
            try await queue.requireDepth(due: 1)
            try requireEqual(try await queue.take(worker).count, 0, "the number of jobs before the delay is over")

            _ = try await queue.submit(queue.makeJob())
            let other = try await queue.takeOne(worker)
            try await worker.retry(other, after: .milliseconds(20), error: "out of luck")
            let again = try await queue.takeOne(worker, patience: .seconds(20))
            try requireEqual(again.id, other.id, "the job that is due")
            try requireEqual(again.attempt, 2, "the attempt")
            try requireEqual(again.crashes, 0, "the crashes")
            try await worker.retry(again, after: .zero, error: "out of luck")
            try requireEqual(try await queue.takeOne(worker).attempt, 3, "the attempt after no delay")
        },
        QueueConformance("gives a dead worker's jobs to others at once and counts the crash") { queue in
            let (dead, heir) = (queue.worker("dead"), queue.worker("heir"))
            let ids = try await queue.submit(count: 600)
            let held = try await queue.take(dead, upTo: 1_000)
            try requireEqual(held.count, 600, "the number of jobs held")
            try requireEqual(try await queue.observer.reap("dead", from: [queue.queue]), 600, "the jobs that went back")
            try requireEqual(try await queue.observer.reap("dead", from: [queue.queue]), 0, "the second reaping")
            try await queue.requireDepth(waiting: 600)
            let again = try await queue.take(heir, upTo: 1_000)
            try requireEqual(again.map(\.id), ids, "the jobs taken again")
            try require(again.allSatisfy { $0.attempt == 1 && $0.crashes == 1 }, "a crash is no failed attempt")
        },
        QueueConformance("reaps once when several reap at once") { queue in
            let dead = queue.worker("dead")
            _ = try await queue.submit(count: 20)
            _ = try await queue.take(dead)
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await queue.observer.reap("dead", from: [queue.queue]) } }
                return try await group.reduce(0, +)
            }
            try requireEqual(counts, 20, "the jobs that went back")
            let again = try await queue.take(queue.worker("heir"))
            try requireEqual(Set(again.map(\.id)).count, 20, "the jobs taken again")
            try require(again.allSatisfy { $0.crashes == 1 }, "a crash was counted twice")
        },
        QueueConformance("ignores what a worker gives back and no longer holds") { queue in
            let (zombie, heir) = (queue.worker("zombie"), queue.worker("heir"))
            let id = try await queue.submit(queue.makeJob())
            let job = try await queue.takeOne(zombie)
            _ = try await queue.observer.reap("zombie", from: [queue.queue])
            _ = try await queue.takeOne(heir)
            try await zombie.handBack([job])
            try await zombie.retry(job, after: .zero, error: "late")
            try await queue.requireState(id, .running)
            try await queue.requireDepth(inFlight: 1)
            try requireEqual(try await queue.take(zombie).count, 0, "the number of jobs")
        },
        QueueConformance("gives back unpenalised what a leaving worker holds") { queue in
            let leaver = queue.worker("leaver")
            let ids = try await queue.submit(count: 5)
            _ = try await leaver.renewLease(queue.report("leaver"))
            _ = try await queue.take(leaver)
            try await leaver.leave()
            try requireEqual(try await queue.observer.workers().count, 0, "the number of workers")
            let again = try await queue.take(queue.worker("w"))
            try requireEqual(again.map(\.id), ids, "the jobs taken again")
            try require(again.allSatisfy { $0.attempt == 1 && $0.crashes == 0 }, "leaving was penalised")
        },
    ]

    static let cancelling: [QueueConformance] = [
        QueueConformance("cancels a waiting job") { queue in
            let worker = queue.worker("w")
            let ids = try await queue.submit(count: 2)
            guard case .settled(let outcome) = try await queue.submissions.cancel(ids[0], reason: "changed my mind")
            else { throw ConformanceFailure(description: "the job is not settled") }
            try requireEqual(outcome.ending, .cancelled(reason: "changed my mind"), "the ending")
            try await queue.requireState(ids[0], .settled(outcome))
            try await queue.requireDepth(waiting: 1)
            try requireEqual(try await queue.take(worker).map(\.id), [ids[1]], "the jobs left")
        },
        QueueConformance("cancels a running job, tells its worker and discards what it returns") { queue in
            let worker = queue.worker("w")
            let address = ReplyAddress(gateway: "g", token: 5)
            let id = try await queue.submit(queue.makeJob(replyTo: address))
            let other = try await queue.submit(queue.makeJob())
            let jobs = try await queue.take(worker)
            _ = try await queue.submissions.cancel(id, reason: "r")
            try requireEqual(try await worker.renewLease(queue.report("w")), [id], "the cancelled jobs")
            try await worker.settle(jobs.map { queue.outcome(of: $0) })
            try requireEqual(try await queue.ending(of: id), .cancelled(reason: "r"), "the ending")
            try requireEqual(try await queue.ending(of: other), .finished(jobs[1].job.inputs), "the other's ending")
            try await queue.requireDepth()
            let first = try await queue.replies(to: "g", count: 1).first?.ending
            try requireEqual(first, .cancelled(reason: "r"), "the first reply")
        },
        QueueConformance("does not deliver a cancelled job again when its worker dies") { queue in
            let worker = queue.worker("w")
            let id = try await queue.submit(queue.makeJob())
            _ = try await queue.takeOne(worker)
            _ = try await queue.submissions.cancel(id, reason: "r")
            _ = try await queue.observer.reap("w", from: [queue.queue])
            try requireEqual(try await queue.take(queue.worker("heir")).count, 0, "the number of jobs")
            try await queue.requireDepth()
        },
        QueueConformance("cancels jobs that were given back, at once or with a delay") { queue in
            let worker = queue.worker("w")
            let ids = try await queue.submit(count: 3)
            let jobs = try await queue.take(worker)
            try await worker.handBack([jobs[0], jobs[2]])
            try await worker.retry(jobs[1], after: .seconds(3_600), error: "e")
            for id in ids.prefix(2) { _ = try await queue.submissions.cancel(id, reason: "r") }
            try await queue.requireDepth(waiting: 1)
            try requireEqual(try await queue.take(worker).map(\.id), [ids[2]], "the jobs left")
        },
        QueueConformance("leaves a settled job as it is when it is cancelled") { queue in
            let worker = queue.worker("w")
            let id = try await queue.submit(queue.makeJob())
            let settlement = queue.outcome(of: try await queue.takeOne(worker))
            try await worker.settle([settlement])
            let state = try await queue.submissions.cancel(id, reason: "late")
            try requireEqual(state, .settled(settlement.outcome), "the state")
        },
    ]

    static let idempotency: [QueueConformance] = [
        QueueConformance("returns the same job for the same key, whatever became of it") { queue in
            let worker = queue.worker("w")
            let key = IdempotencyKey(key: "k 1", fingerprint: "f", retention: .seconds(60))
            guard case .accepted(let id, depth: 1) = try await queue.submissions.submit(queue.makeJob(), once: key)
            else { throw ConformanceFailure(description: "the first submit was not accepted") }
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(priority: .high), once: key), .existing(id), "waiting")
            let job = try await queue.takeOne(worker)
            try requireEqual(try await queue.submissions.submit(queue.makeJob(), once: key), .existing(id), "running")
            try await worker.settle([queue.outcome(of: job)])
            try requireEqual(try await queue.submissions.submit(queue.makeJob(), once: key), .existing(id), "settled")
            try await queue.requireDepth()
        },
        QueueConformance("refuses a key that was used for another request") { queue in
            let first = IdempotencyKey(key: "k", fingerprint: "one", retention: .seconds(60))
            let second = IdempotencyKey(key: "k", fingerprint: "two", retention: .seconds(60))
            guard case .accepted(let id, _) = try await queue.submissions.submit(queue.makeJob(), once: first) else {
                throw ConformanceFailure(description: "the first submit was not accepted")
            }
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(), once: second), .conflict(id), "the second submit")
            try await queue.requireDepth(waiting: 1)
        },
        QueueConformance("runs a key's job again only when it is asked to, and only after an end without a result") {
            queue in
            let worker = queue.worker("w")
            let join = IdempotencyKey(key: "k", fingerprint: "f", retention: .seconds(60))
            let rerun = IdempotencyKey(key: "k", fingerprint: "f", retention: .seconds(60), repetition: .rerun)
            guard case .accepted(let first, _) = try await queue.submissions.submit(queue.makeJob(), once: rerun) else {
                throw ConformanceFailure(description: "a fresh key was not accepted")
            }
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(), once: rerun), .underWay(first), "while it waits")
            _ = try await queue.submissions.cancel(first, reason: "r")
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(), once: join), .existing(first), "when it is over")
            guard case .accepted(let second, _) = try await queue.submissions.submit(queue.makeJob(), once: rerun)
            else { throw ConformanceFailure(description: "a cancelled job was not run again") }
            try require(second != first, "the job is the same")
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(), once: join), .existing(second), "from then on")
            let other = IdempotencyKey(key: "k", fingerprint: "g", retention: .seconds(60), repetition: .rerun)
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(), once: other), .conflict(second), "another request")
            try await worker.settle([queue.outcome(of: try await queue.takeOne(worker))])
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(), once: rerun), .existing(second), "with a result")
            try await queue.requireDepth()
        },
        QueueConformance("refuses a key's first submit to a full queue and never its repetition") { queue in
            let key = IdempotencyKey(key: "k", fingerprint: "f", retention: .seconds(60), maximumQueue: 3)
            _ = try await queue.submit(count: 2, priority: .low)
            guard case .accepted(let id, _) = try await queue.submissions.submit(queue.makeJob(), once: key) else {
                throw ConformanceFailure(description: "a submit below the bound was not accepted")
            }
            let large = queue.makeJob(bytes: 200_000)
            try requireEqual(try await queue.submissions.submit(queue.makeJob(), once: key), .existing(id), "again")
            try requireEqual(try await queue.submissions.submit(large, once: key), .existing(id), "a large one again")
            let other = IdempotencyKey(key: "o", fingerprint: "f", retention: .seconds(60), maximumQueue: 3)
            try requireEqual(
                try await queue.submissions.submit(queue.makeJob(), once: other), .full(held: 3), "another")
            try requireEqual(try await queue.submissions.submit(large, once: other), .full(held: 3), "a large one")
            _ = try await queue.submissions.cancel(id, reason: "r")
            guard case .accepted = try await queue.submissions.submit(large, once: other) else {
                throw ConformanceFailure(description: "a submit below the bound was not accepted")
            }
            try await queue.requireDepth(waiting: 3)
        },
        QueueConformance("submits one job when many submit under one key at once") { queue in
            // With room for this one job: nobody is refused for the place that the first one took.
            let key = IdempotencyKey(key: "k", fingerprint: "f", retention: .seconds(60), maximumQueue: 1)
            let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        switch try await queue.submissions.submit(queue.makeJob(), once: key) {
                        case .accepted: return true
                        case .existing: return false
                        case .conflict, .underWay, .full: throw ConformanceFailure(description: "a submit was refused")
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try requireEqual(accepted, 1, "the number accepted")
            try await queue.requireDepth(waiting: 1)
        },
    ]

    static let observing: [QueueConformance] = [
        QueueConformance("counts waiting, in flight, due and ever submitted") { queue in
            let worker = queue.worker("w")
            let empty = try await queue.observer.snapshot(of: [queue.queue])[queue.queue]
            try requireEqual(
                empty,
                QueueSnapshot(depth: QueueDepth(waiting: 0, inFlight: 0, due: 0), submitted: 0, oldestWaiting: nil),
                "an unused queue")
            let ids = try await queue.submit(count: 6)
            let held = try await queue.take(worker, upTo: 4)
            try await worker.settle([queue.outcome(of: held[0])])
            try await worker.retry(held[1], after: .seconds(3_600), error: "e")
            try await worker.handBack([held[2]])
            let snapshot = try await queue.observer.snapshot(of: [queue.queue])[queue.queue]
            try requireEqual(snapshot?.depth, QueueDepth(waiting: 3, inFlight: 1, due: 1), "the depth")
            try requireEqual(snapshot?.submitted, 6, "the number submitted")
            try requireEqual(
                snapshot?.oldestWaiting?.milliseconds, Int64(ids[2].entry.milliseconds), "the oldest waiting")
        },
        QueueConformance("shows the reports of workers whose lease holds") { queue in
            let worker = queue.worker("w7")
            var report = queue.report("w7")
            report.models = [
                WorkerReport.ModelReport(
                    queue: queue.queue.description, instances: 2, rows: 10, batches: 3, busy: .milliseconds(1_500),
                    fixedCost: 0.002, costPerRow: 0.0005)
            ]
            _ = try await worker.renewLease(report)
            try requireEqual(try await queue.observer.workers(), [report], "the workers")
            report.state = .draining
            _ = try await worker.renewLease(report)
            try requireEqual(try await queue.observer.workers(), [report], "the workers")
            _ = try await queue.observer.reap("w7", from: [queue.queue])
            try requireEqual(try await queue.observer.workers(), [], "the workers after the reaping")
        },
        QueueConformance("reaps nobody whose lease holds") { queue in
            let worker = queue.worker("w")
            _ = try await queue.submit(count: 1)
            _ = try await queue.takeOne(worker)
            try requireEqual(try await queue.observer.reapExpired(from: [queue.queue]), [], "the workers reaped")
            try await queue.requireDepth(inFlight: 1)
        },
        QueueConformance("keeps decisions, newest first") { queue in
            for number in 0..<5 { try await queue.observer.record(decision: "{\"n\":\(number)}") }
            try requireEqual(
                try await queue.observer.decisions(newest: 2), ["{\"n\":4}", "{\"n\":3}"], "the decisions")
        },
    ]
}

extension QueueUnderTest {
    package func report(_ id: String) -> WorkerReport {
        WorkerReport(
            id: id, pool: "cpu", state: .ready, started: clock.now(), startUp: .milliseconds(700), memory: 1_000)
    }
}

package import Jobs
import Time

extension QueueConformance {
    static let expiring: [QueueConformance] = [
        QueueConformance("ends what waits beyond its deadline without any worker, and answers its caller") { queue in
            let address = ReplyAddress(gateway: "g", token: 7)
            let late = try await queue.submit(queue.makeJob(due: .seconds(-60), replyTo: address))
            let early = try await queue.submit(queue.makeJob(due: .seconds(3_600)))
            let patient = try await queue.submit(queue.makeJob())
            try await queue.requireDepth(waiting: 3)
            try requireEqual(try await queue.observer.reapExpired(from: [queue.queue]), [], "the workers reaped")
            try requireEqual(try await queue.ending(of: late), .expired, "the ending")
            try await queue.requireState(early, .waiting)
            try await queue.requireState(patient, .waiting)
            try await queue.requireDepth(waiting: 2)
            let replies = try await queue.replies(to: "g", count: 1)
            try requireEqual(replies.map(\.id), [late], "the replies")
            try requireEqual(replies.map(\.replyTo), [address], "the reply's address")
        },
        QueueConformance("leaves a job beyond its deadline to the worker that holds it, until it is given back") {
            queue in
            let worker = queue.worker("w")
            let ids = [
                try await queue.submit(queue.makeJob(due: .seconds(-60))),
                try await queue.submit(queue.makeJob(due: .seconds(-60))),
                try await queue.submit(queue.makeJob(due: .seconds(-60))),
            ]
            let jobs = try await queue.take(worker)
            try await worker.handBack([jobs[0]])
            try await worker.retry(jobs[1], after: .seconds(3_600), error: "e")
            try await queue.requireDepth(waiting: 1, inFlight: 1, due: 1)
            _ = try await queue.observer.reapExpired(from: [queue.queue])
            for id in ids[..<2] { try requireEqual(try await queue.ending(of: id), .expired, "the ending") }
            try await queue.requireState(ids[2], .running)
            try await worker.settle([queue.outcome(of: jobs[2])])
            guard case .finished = try await queue.ending(of: ids[2]) else {
                throw ConformanceFailure(description: "what a worker finished is not finished")
            }
            try await queue.requireDepth()
            try requireEqual(try await queue.take(worker).count, 0, "the jobs that can still be taken")
        },
    ]
}

extension QueueUnderTest {
    /// A job whose deadline is that far away.
    package func makeJob(due: Duration, replyTo: ReplyAddress? = nil, bytes: Int = 8) -> Job {
        var job = makeJob(replyTo: replyTo, bytes: bytes)
        job.deadline = clock.now() + due
        return job
    }
}

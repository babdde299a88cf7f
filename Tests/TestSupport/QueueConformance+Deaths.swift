import Jobs

/// What the death of a worker counts for.
extension QueueConformance {
    static let deaths: [QueueConformance] = [
        QueueConformance("settles a job as poison after three deaths of workers that ran it alone") { queue in
            let address = ReplyAddress(gateway: "g", token: 3)
            let id = try await queue.submit(queue.makeJob(replyTo: address))
            for crash in 0..<4 {
                let victim = queue.worker("victim\(crash)")
                let job = try await queue.takeOne(victim)
                try requireEqual(job.crashes, crash, "the crashes so far")
                if crash > 0 {
                    let isHeld = try await victim.beginTrial(of: id)
                    try require(isHeld, "the job on trial is not held")
                }
                _ = try await queue.observer.reap("victim\(crash)", from: [queue.queue])
            }
            try requireEqual(try await queue.take(queue.worker("w")).count, 0, "the number of jobs taken")
            guard case .failed(let failure) = try await queue.ending(of: id) else {
                throw ConformanceFailure(description: "the job did not fail")
            }
            try requireEqual(failure.code, .poison, "the failure")
            try await queue.requireDepth()
            try requireEqual(try await queue.replies(to: "g", count: 1).map(\.id), [id], "the replies")
        },
        QueueConformance("a job whose worker died three times beside others is not poison") { queue in
            let id = try await queue.submit(queue.makeJob())
            for death in 0..<5 {
                let victim = queue.worker("victim\(death)")
                try requireEqual(try await queue.takeOne(victim).crashes, min(death, 1), "the crashes so far")
                _ = try await queue.observer.reap("victim\(death)", from: [queue.queue])
            }
            try requireEqual(try await queue.takeOne(queue.worker("w")).id, id, "the job taken")
        },
        QueueConformance("a death after a trial has ended counts for nobody who ran before") { queue in
            let id = try await queue.submit(queue.makeJob())
            _ = try await queue.takeOne(queue.worker("first"))
            _ = try await queue.observer.reap("first", from: [queue.queue])
            let second = queue.worker("second")
            _ = try await queue.takeOne(second)
            try require(try await second.beginTrial(of: id), "the job on trial is not held")
            try require(try await second.beginTrial(of: id), "a trial begun twice is one")
            try await second.endTrial(of: id)
            try await second.endTrial(of: id)
            let fresh = try await queue.submit(queue.makeJob(9))
            _ = try await queue.take(second)
            let reaped = try await queue.observer.reap("second", from: [queue.queue], ran: .unknown)
            try requireEqual(reaped, Reaped(jobs: [queue.queue: 2]), "what was reaped")
            let again = try await queue.take(queue.worker("third"))
            let crashes = Dictionary(uniqueKeysWithValues: again.map { ($0.id, $0.crashes) })
            try requireEqual(crashes, [id: 1, fresh: 1], "the crashes")
            try await second.endTrial(of: id)
        },
        QueueConformance("a death counts only for what is known to have run") { queue in
            let ids = try await queue.submit(count: 4)
            _ = try await queue.take(queue.worker("first"))
            let reaped = try await queue.observer.reap(
                "first", from: [queue.queue], ran: .jobs([ids[1], ids[2]]))
            try requireEqual(reaped, Reaped(jobs: [queue.queue: 4]), "what was reaped")
            var again = try await queue.take(queue.worker("second"))
            try requireEqual(again.map(\.crashes), [0, 1, 1, 0], "the crashes after two ran")
            let second = try await queue.observer.reap("second", from: [queue.queue], ran: .jobs([ids[0]]))
            try requireEqual(second, Reaped(jobs: [queue.queue: 4], blamed: ids[0]), "what was reaped")
            again = try await queue.take(queue.worker("third"))
            try requireEqual(again.map(\.crashes), [2, 1, 1, 0], "the crashes after one ran alone")
            _ = try await queue.observer.reap("third", from: [queue.queue], ran: .jobs([]))
            again = try await queue.take(queue.worker("fourth"))
            try requireEqual(again.map(\.crashes), [2, 1, 1, 0], "the crashes after nothing ran")
        },
        QueueConformance("blames a death on the job on trial, not on those beside it") { queue in
            let ids = try await queue.submit(count: 3)
            _ = try await queue.take(queue.worker("first"))
            _ = try await queue.observer.reap("first", from: [queue.queue])
            let second = queue.worker("second")
            let taken = try await queue.take(second)
            try require(taken.allSatisfy { $0.crashes == 1 }, "after one death nobody knows which it was")
            let fresh = try await queue.submit(queue.makeJob(9))
            _ = try await queue.take(second)
            let isHeld = try await second.beginTrial(of: ids[1])
            try require(isHeld, "the job on trial is not held")
            _ = try await queue.observer.reap("second", from: [queue.queue])
            let third = queue.worker("third")
            let again = try await queue.take(third)
            let crashes = Dictionary(uniqueKeysWithValues: again.map { ($0.id, $0.crashes) })
            try requireEqual(ids.map { crashes[$0] }, [1, 2, 1], "the crashes")
            try requireEqual(crashes[fresh], 0, "the crashes of a job that was new to the worker and did not run")
            // A trial ends with its worker: the next death needs another one.
            _ = try await queue.observer.reap("third", from: [queue.queue])
            let last = try await queue.take(queue.worker("last"))
            try require(
                last.filter { $0.id == ids[1] }.allSatisfy { $0.crashes == 2 && $0.attempt == 1 }, "a mark was left")
            let isMine = try await third.beginTrial(of: ids[0])
            try require(!isMine, "a worker tries what it does not hold")
        },
    ]
}

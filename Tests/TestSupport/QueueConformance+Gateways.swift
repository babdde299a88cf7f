import Jobs
import NIOCore
import Tensors

extension QueueConformance {
    static let receipts: [QueueConformance] = [
        QueueConformance("sends a gateway that only counts how its jobs ended, without their bytes") { queue in
            let worker = queue.worker("w")
            let ids = [
                try await queue.submit(queue.makeJob(replyTo: .receipt(for: "g"), bytes: 100_000)),
                try await queue.submit(queue.makeJob(replyTo: .receipt(for: "g"))),
            ]
            _ = try await queue.submissions.cancel(ids[1], reason: "r")
            let settlement = queue.outcome(of: try await queue.takeOne(worker))
            try await worker.settle([settlement])
            let receipts = try await queue.replies(to: "g", count: 2)
            try requireEqual(receipts.map(\.id), [ids[1], ids[0]], "the jobs")
            try requireEqual(receipts.last, settlement.outcome.receipt, "the receipt")
            guard case .finished(let tensors) = receipts.last?.ending else {
                throw ConformanceFailure(description: "the receipt does not say that the job is finished")
            }
            try requireEqual(tensors.map(\.shape), [[100_000]], "the shapes")
            try requireEqual(tensors.map(\.bytes.readableBytes), [0], "the bytes")
            try await queue.requireState(ids[0], .settled(settlement.outcome))
        }
    ]

    static let secret: [QueueConformance] = [
        QueueConformance("keeps one secret for all gateways, however many ask at once") { queue in
            let secrets = try await withThrowingTaskGroup(of: JobSecret.self) { group in
                for _ in 0..<8 { group.addTask { try await queue.submissions.jobSecret(orElse: nil) } }
                return try await group.reduce(into: Set<JobSecret>()) { $0.insert($1) }
            }
            try requireEqual(secrets.count, 1, "the number of secrets")
            let other = JobSecret(Array(repeating: 1, count: JobSecret.length))
            try requireEqual(try await queue.submissions.jobSecret(orElse: other), secrets.first, "the secret")
        },
        QueueConformance("takes a gateway's secret where none is stored") { queue in
            guard let known = JobSecret(Array(repeating: 13, count: JobSecret.length)) else { return }
            try requireEqual(try await queue.submissions.jobSecret(orElse: known), known, "the secret")
            try requireEqual(try await queue.submissions.jobSecret(orElse: nil), known, "the secret later")
        },
    ]
}

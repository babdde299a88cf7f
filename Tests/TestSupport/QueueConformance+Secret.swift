import Jobs

extension QueueConformance {
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

import Reports

/// Comparisons on a screen.
extension Comparison {
    static let head = [
        "policy", "in time", "wait p50", "p95", "p99", "expired", "lost", "worker-s", "cost", "starts", "peak", "under",
        "over", "unstable", "regret",
    ]

    package func text() -> String {
        var lines = [
            "", "\(scenario): \(summary)",
            "\(Figures.count(jobs)) jobs in \(Figures.duration(duration)), deadline \(Figures.duration(deadline))", "",
        ]
        var table = TextTable(head: Self.head)
        if let oracle { table.rows.append(Self.cells(oracle)) }
        table.rows += results.map(Self.cells)
        lines += table.lines()
        if pools.count > 1 { lines += poolLines }
        if let bound {
            lines += [
                "", "  no policy that meets every deadline needs less than \(Figures.decimal(bound, 0)) worker-seconds",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func cells(_ result: SimulationResult) -> [String] {
        let shape = result.elasticity
        return [
            result.policy, Figures.attainment(result.attainment), Figures.duration(result.wait?.p50),
            Figures.duration(result.wait?.p95), Figures.duration(result.wait?.p99), Figures.count(result.expired),
            Figures.count(result.lost), Figures.decimal(result.workerSeconds, 0), Figures.decimal(result.cost, 3),
            Figures.count(result.starts), Figures.count(result.peak), Figures.decimal(shape.under, 3),
            Figures.decimal(shape.over, 3), Figures.decimal(shape.instability, 3), Figures.difference(result.regret),
        ]
    }

    private var poolLines: [String] {
        var table = TextTable(head: ["policy", "pool", "worker-s", "cost", "starts", "peak", "idle", "starting"])
        table.left = [0, 1]
        for result in [oracle].compactMap({ $0 }) + results {
            for pool in result.pools {
                table.rows.append([
                    result.policy, pool.name, Figures.decimal(pool.workerSeconds, 0), Figures.decimal(pool.cost, 3),
                    Figures.count(pool.starts), Figures.count(pool.peak),
                    Figures.share(pool.idleSeconds / max(pool.workerSeconds, 1e-9)),
                    Figures.share(pool.startUpSeconds / max(pool.workerSeconds, 1e-9)),
                ])
            }
        }
        return [""] + table.lines()
    }
}

extension Suite {
    /// One line a trace and contender, then where the first contender wins or not.
    package func text() -> String {
        var table = TextTable(
            head: ["trace", "policy", "in time", "wait p95", "worker-s", "cost", "regret", "first is"])
        table.left = [0, 1, 7]
        for comparison in comparisons {
            let first = comparison.results.first
            for (index, result) in ([comparison.oracle].compactMap { $0 } + comparison.results).enumerated() {
                let verdict = first.map { $0.policy == result.policy ? "" : Verdict($0, against: result).word } ?? ""
                table.rows.append([
                    index == 0 ? comparison.scenario : "", result.policy, Figures.attainment(result.attainment),
                    Figures.duration(result.wait?.p95), Figures.decimal(result.workerSeconds, 0),
                    Figures.decimal(result.cost, 3), Figures.difference(result.regret),
                    result.policy == "oracle" ? "" : verdict,
                ])
            }
        }
        return (table.lines() + [""] + summary).joined(separator: "\n") + "\n"
    }

    private var summary: [String] {
        guard let first = comparisons.first?.results.first else { return [] }
        let baselines = comparisons.first?.results.dropFirst().map(\.policy) ?? []
        var lines = baselines.map { baseline in
            let counts = [Verdict.wins, .even, .mixed, .loses].map {
                "\($0.word) \(count($0, against: baseline))"
            }
            return "  \(first.policy) against \(baseline): " + counts.joined(separator: ", ")
        }
        lines.append("  \(first.policy) beats every baseline on \(tracesWon) of \(comparisons.count) traces")
        return lines
    }
}

extension Verdict {
    var word: String {
        switch self {
        case .wins: "better"
        case .even: "even"
        case .mixed: "mixed"
        case .loses: "worse"
        }
    }
}

extension PolicySearch {
    /// The best twelve of those that were tried, best first.
    package static func text(_ tried: [Candidate], objective: Double) -> String {
        var table = TextTable(head: ["policy", "in time", "worker-s", "cost"])
        for candidate in tried.prefix(12) {
            table.rows.append([
                candidate.text, Figures.attainment(candidate.attainment), Figures.decimal(candidate.workerSeconds, 0),
                Figures.decimal(candidate.cost, 3),
            ])
        }
        let isMet = tried.first.map { $0.attainment >= objective } ?? false
        let head =
            isMet
            ? "the cheapest that meet \(Figures.attainment(objective)) of the deadlines:"
            : "none meets \(Figures.attainment(objective)) of the deadlines; nearest:"
        return (["\(tried.count) tried; " + head] + table.lines()).joined(separator: "\n") + "\n"
    }
}

import PolicyImport
import Testing

@Suite struct TranslationTests {
    private func imported(
        spec: String = "", trigger: String = "{type: redis, metadata: {listLength: '7'}}", others: String = "",
        target: ImportOptions.Target = .sameAlgorithm
    ) throws -> ImportedPolicy {
        try importPolicy(
            from: """
                apiVersion: keda.sh/v1alpha1
                kind: ScaledObject
                spec: {\(spec) triggers: [\(trigger)\(others)]}
                """, options: ImportOptions(target: target))
    }

    @Test(
        "a cron trigger becomes the nearest event, or is said to have none",
        arguments: [
            ("0 8 * * 1-5", "0 17 * * 1-5", "N calls at 08:00 for 9h, weekdays, UTC"),
            ("30 22 * * *", "0 2 * * *", "N calls at 22:30 for 210m, daily, UTC"),
            ("0 22 * * MON-FRI", "0 6 * * TUE-SAT", "N calls at 22:00 for 8h, weekdays, UTC"),
            ("0 22 * * 1-5", "0 6 * * *", "N calls at 22:00 for 8h, weekdays, UTC"),
            ("0 0 * * 6,0", "30 0 * * 6,0", "N calls at 00:00 for 30m, weekends, UTC"),
            ("5 9 ? * 1,3,7", "5 10 ? * 1,3,7", "N calls at 09:05 for 1h, mon wed sun, UTC"),
            ("0 18 * * 5", "0 6 * * 1", "N calls at 18:00 for 60h, fri, UTC"),
            ("0 8 * * *", "0 8 * * *", nil), ("0 8 1 * *", "0 9 1 * *", nil), ("*/5 * * * *", "0 9 * * *", nil),
            ("0 8 * * 1", "0 9 * * 2-4", nil), ("0 25 * * *", "0 26 * * *", nil), ("", "", nil),
            ("0 8 * * 9", "0 9 * * 9", nil),
            ("0 8 * * 1-3-5", "0 9 * * *", nil), ("0 8 * * -", "0 9 * * ,", nil),
        ] as [(String, String, String?)])
    func cron(_ start: String, _ end: String, _ event: String?) throws {
        let result = try imported(
            others: ", {type: cron, metadata: {timezone: UTC, start: '\(start)', end: '\(end)', desiredReplicas: '3'}}")
        let note = try #require(result.notes.first { $0.what == "spec.triggers[1]" })
        #expect(note.severity == .warning)
        if let event {
            #expect(result.yaml.contains("#   - \"\(event)\"") && note.why.contains(event))
        } else {
            #expect(!result.yaml.contains("calendar") && note.why.contains("write one by hand"))
        }
    }

    @Test("the calls of an event are replicas times busy seconds over the seconds of a call")
    func calls() throws {
        let result = try imported(
            others:
                ", {type: cron, metadata: {timezone: UTC, start: 0 8 * * *, end: 0 17 * * *, desiredReplicas: '10'}}")
        // 10 x 32,400 s x 0.8
        #expect(result.yaml.contains("N = 259200 / seconds that one call takes"))
    }

    @Test("without the time of a job its own algorithm keeps its target, and says what would change it")
    func noJobTime() throws {
        let result = try imported(target: .native(jobTime: nil))
        #expect(result.yaml.contains("target_wait: 1s"))
        #expect(result.notes.contains { $0.severity == .warning && $0.why.contains("--job-time") })
    }

    @Test(
        "a wait that Spate does not allow becomes the nearest one", arguments: [(1, "1ms"), (10_000_000_000, "3600s")])
    func nearestWait(_ microseconds: Int, _ wait: String) throws {
        let result = try imported(target: .native(jobTime: .microseconds(microseconds)))
        #expect(result.yaml.contains("target_wait: \(wait)  #"))
        #expect(result.notes.contains { $0.why.contains("Spate allows 1 ms to 1 h") })
    }

    @Test(
        "a fallback keeps at least the given count, or holds",
        arguments: [
            ("{replicas: 4}", "fallback: 4", ImportedPolicy.Severity.warning as ImportedPolicy.Severity?),
            ("{replicas: 4, behavior: currentReplicasIfHigher}", "fallback: 4", nil),
            ("{replicas: 4, behavior: currentReplicas}", "fallback: hold", nil),
            ("{replicas: 4, behavior: currentReplicasIfLower}", "fallback: hold", .warning),
        ])
    func fallback(_ given: String, _ key: String, _ severity: ImportedPolicy.Severity?) throws {
        let result = try imported(spec: "fallback: \(given),")
        #expect(result.yaml.contains("  \(key)  #"))
        #expect(result.notes.first { $0.what == "spec.fallback" }?.severity == severity)
    }

    @Test(
        "quantities are Kubernetes' own",
        arguments: [("500m", "0.5"), ("1k", "1000"), ("2Ki", "2048"), ("1e3", "1000"), ("300m", "0.3"), ("12", "12")])
    func quantities(_ given: String, _ value: String) throws {
        let result = try imported(trigger: "{type: redis, metadata: {listLength: '\(given)'}}")
        #expect(result.yaml.contains("lag_count: \(value)  #"))
    }

    @Test("without a count KEDA's default is taken, with a warning that it counts other jobs")
    func defaultCount() throws {
        let result = try imported(trigger: "{type: redis-streams, metadata: {stream: a, consumerGroup: b}}")
        #expect(result.yaml.contains("lag_count: 5  # KEDA's default"))
        #expect(result.notes.contains { $0.severity == .warning && $0.why.contains("pendingEntriesCount 5") })
    }
}

import Jobs
import RedisClient
@testable import RedisQueue
import TestKit
import TestSupport
import Testing
import Time

@Suite struct ClusterMembershipTests {
    private static let life = Duration.seconds(1)

    private static func queue(_ name: String) throws -> QueueName { try #require(QueueName(name)) }

    /// Enters, does `body` while the place is kept, and leaves.
    private static func within<Result: Sendable>(
        _ connections: RedisConnections, _ member: ClusterMember, life: Duration = life,
        _ body: @Sendable (_ identity: String) async throws -> Result
    ) async throws -> Result {
        let membership = ClusterMembership(connections, member: member, life: life)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await membership.run() }
            defer { group.cancelAll() }
            return try await body(try await membership.enter())
        }
    }

    private static func gateway(_ id: String, revision: Int = 1, _ models: [String: String]) throws -> ClusterMember {
        ClusterMember(
            id: id, revision: revision, scope: .whole,
            models: try Dictionary(uniqueKeysWithValues: models.map { (try queue($0), $1) }))
    }

    private static func refusal(_ connections: RedisConnections, _ member: ClusterMember) async throws -> String? {
        do {
            return try await within(connections, member) { _ in nil }
        } catch let error as QueueError {
            #expect(error.code == .misconfigured)
            return error.message
        }
    }

    @Test("refuses a second cluster of the name that has other files, versions or models, and says how they differ")
    func refuses() async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let own = try Self.gateway("a", ["score.1": "aaaa", "other.1": "cccc"])
                try await Self.within(harness.connections, own) { _ in
                    let cases: [([String: String], String)] = [
                        (["score.1": "bbbb", "other.1": "cccc"], "score.1 has other files here (sha256 bbbb)"),
                        (["score.2": "aaaa", "other.1": "cccc"], "score.2 is not served there"),
                        (["score.1": "aaaa"], "other.1 is not served here"),
                    ]
                    for (models, text) in cases {
                        let message = try await Self.refusal(harness.connections, Self.gateway("b", models))
                        #expect(message?.contains(text) == true, "\(message ?? "entered")")
                        #expect(message?.contains("SPATE_CLUSTER") == true)
                    }
                }
            }
        }
    }

    @Test(
        "whose place was taken by another cluster neither submits nor takes, until he has it again",
        .timeLimit(.minutes(1)))
    func loses() async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let queue = harness.underTest
                let worker = harness.worker("w", isOwnProcess: false)
                let own = try Self.gateway("a", ["score.1": "aaaa"])
                // Renewed every 4 s, so that the other one comes between.
                try await Self.within(harness.connections, own, life: .seconds(12)) { _ in
                    let job = try await queue.submit(queue.makeJob(1))
                    #expect(try await queue.takeOne(worker).id == job)
                    // As if all places had ended in an outage and the other cluster had come first.
                    try await harness.command("DEL", "spate:members:1", "spate:models:1")
                    let others = RedisConnections(
                        configuration: harness.connections.configuration, group: harness.connections.group,
                        logger: harness.connections.logger)
                    try await Self.within(others, Self.gateway("b", ["score.1": "bbbb"])) { _ in
                        try await eventually("the refusal") { (try? await harness.submissions.verify()) == nil }
                        for refused: () async throws -> Void in [
                            { _ = try await queue.submit(queue.makeJob(2)) }, { _ = try await queue.take(worker) },
                        ] {
                            let error = await #expect(throws: QueueError.self) { try await refused() }
                            #expect(error?.message.contains("score.1 has other files here") == true)
                        }
                    }
                    try await eventually("the place") { (try? await harness.submissions.verify()) != nil }
                    let after = try await queue.submit(queue.makeJob(3))
                    #expect(try await queue.takeOne(worker).id == after)
                }
            }
        }
    }

    @Test("a place that was not renewed in its life counts as lost, before anybody says so")
    func unconfirmed() throws {
        let clock = ManualClock()
        let standing = ClusterStanding(QueueTiming(steady: clock))
        let now = clock.now()
        try standing.check()
        standing.entered(at: now, for: .seconds(15))
        clock.set(now + .seconds(14))
        try standing.check()
        clock.set(now + .seconds(15))
        var error = #expect(throws: QueueError.self) { try standing.check() }
        #expect(error?.code == .unavailable)
        let denied = QueueError(.unauthorized, "NOPERM")
        #expect(standing.failed(denied) && !standing.failed(denied))
        clock.set(now + .seconds(14))
        try standing.check()
        clock.set(now + .seconds(15))
        error = #expect(throws: QueueError.self) { try standing.check() }
        #expect(error?.message == "NOPERM")
        standing.entered(at: now + .seconds(15), for: .seconds(15))
        clock.set(now + .seconds(16))
        try standing.check()
    }

    @Test("lets more processes of the same cluster in, workers with their part of the models, in any order")
    func accepts() async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                // Its file has a model more than those of the others had when they read it.
                let part = ClusterMember(
                    id: "w", scope: .part, models: [try Self.queue("score.1"): "aaaa", try Self.queue("new.1"): "dddd"])
                let stranger = ClusterMember(id: "x", scope: .part, models: [try Self.queue("score.1"): "bbbb"])
                let unread = try Self.gateway("s", ["score.1": "", "other.1": ""])
                let identities = try await Self.within(harness.connections, part) { worker in
                    try await Self.within(harness.connections, unread) { scaler in
                        let whole = try Self.gateway("a", ["score.1": "aaaa", "other.1": "cccc"])
                        return try await Self.within(harness.connections, whole) { gateway in
                            let refused = try await Self.refusal(harness.connections, stranger)
                            #expect(refused != nil)
                            var late = part
                            late.id = "w2"
                            let lateRefusal = try await Self.refusal(harness.connections, late)
                            #expect(lateRefusal == nil)
                            return [worker, scaler, gateway]
                        }
                    }
                }
                #expect(Set(identities).count == 1)
                #expect(identities[0].count == 32)
            }
        }
    }

    @Test("lets in whatever comes when nobody is left, at once after an orderly end and soon after a death")
    func successors() async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let first = try await Self.within(harness.connections, Self.gateway("a", ["score.1": "aaaa"])) { $0 }
                #expect(
                    try await Self.within(harness.connections, Self.gateway("b", ["score.1": "bbbb"])) { $0 } == first)
                // One that was killed has not left, and never comes again.
                let end = harness.clock.now().milliseconds + 200
                try await harness.command("ZADD", "spate:members:1", String(end), "ghost")
                try await harness.command("HSET", "spate:models:1", "score.1", "aaaa", "*", "")
                #expect(try await Self.refusal(harness.connections, Self.gateway("c", ["score.1": "cccc"])) == nil)
                #expect(harness.clock.now().milliseconds >= end)
            }
        }
    }

    @Test("takes other files under a revision of their own, and names of their own")
    func revisionsAndNames() async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                let old = try Self.gateway("a", ["score.1": "aaaa"])
                try await Self.within(harness.connections, old) { identity in
                    let new = try Self.gateway("b", revision: 2, ["score.1": "bbbb"])
                    #expect(try await Self.within(harness.connections, new) { $0 } == identity)
                    let other = RedisConnections(
                        configuration: harness.connections.configuration, group: harness.connections.group,
                        logger: harness.connections.logger, cluster: try #require(ClusterName("other")))
                    #expect(try await Self.within(other, Self.gateway("c", ["score.1": "cccc"])) { $0 } != identity)
                }
            }
        }
    }

    @Test("does not wait for an earlier life where nobody else can be")
    func sole() async throws {
        try await withPrivateRedis([]) { server in
            try await RedisQueueHarness.run(url: server.url) { harness in
                try await Self.within(harness.connections, Self.gateway("a", ["score.1": "aaaa"])) { identity in
                    var next = try Self.gateway("b", ["score.1": "bbbb"])
                    next.company = .sole
                    #expect(try await Self.within(harness.connections, next) { $0 } == identity)
                }
            }
        }
    }
}

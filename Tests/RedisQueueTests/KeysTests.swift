import Jobs
import RedisClient
import TestKit
import TestSupport
import Testing

@testable import RedisQueue

@Suite struct KeysTests {
    private let queue = QueueName(model: "a.b", version: "2")

    @Test(
        "gives every key of a queue the cluster's prefix and the queue's hash tag",
        arguments: [(nil, "spate:"), ("spate", "spate:"), ("staging-2", "spate.staging-2:")])
    func hashTag(name: String?, prefix: String) throws {
        let queue = try #require(queue)
        let cluster = try name.map { try #require(ClusterName($0)) } ?? .standard
        let id = JobID(queue: queue, priority: .high, entry: EntryID(milliseconds: 5, sequence: 1))
        let keys = Keys(cluster)
        let ofQueue = [
            keys.lane(queue, .low), keys.again(queue), keys.due(queue), keys.result(id), keys.once(queue, "{x}"),
            keys.dead(queue), keys.cancelled(queue, at: "w"), keys.arrivals(queue, day: 1),
        ]
        #expect(ofQueue.allSatisfy { $0.hasPrefix("\(prefix){a.b.2}:") })
        #expect(Set(ofQueue).count == ofQueue.count)
        #expect(keys.result(id) == "\(prefix){a.b.2}:result:high.5-1")
        let shared = [
            keys.reply("g"), keys.worker("w"), keys.workers, keys.decisions, keys.control, keys.looks, keys.leader,
            keys.desired, keys.policy("p"), keys.usage(hour: 1), keys.cluster, keys.members(revision: 1),
            keys.models(revision: 1),
        ]
        #expect(shared.allSatisfy { $0.hasPrefix(prefix) && !$0.contains("{") })
        #expect(Set(shared).count == shared.count)
    }

    @Test("tells the channels of two databases apart, which Redis does not")
    func channels() throws {
        let queue = try #require(queue)
        let names = { (keys: Keys) in
            [keys.settledChannel(queue), keys.cancelledChannel(queue), keys.wake, keys.desiredChannel]
        }
        let all = names(Keys()) + names(Keys(database: 3)) + names(Keys(try #require(ClusterName("b")), database: 3))
        #expect(Set(all).count == all.count)
    }

    @Test(
        "takes only names of clusters that cannot be confused", arguments: ["", "a.b", "a:b", "a b", "a@3", "{a}", "ü"])
    func clusterNames(text: String) {
        #expect(ClusterName(text) == nil)
        #expect(ClusterName(String(repeating: "a", count: 65)) == nil)
    }

    @Test("reads only the notices and pointers that it writes")
    func notices() throws {
        let queue = try #require(queue)
        let id = JobID(queue: queue, priority: .high, entry: EntryID(milliseconds: 5, sequence: 1))
        #expect(Keys.job(Keys.notice(id), in: queue) == id)
        #expect(Keys.job(pointer: "high 5-1", in: queue) == id)
        for text in ["", "high", "high.", "high.5", "urgent.5-1", "high.05-1", "high 5-1"] {
            #expect(Keys.job(text, in: queue) == nil)
        }
        for text in ["", "high", "high ", "high 5", "high.5-1"] { #expect(Keys.job(pointer: text, in: queue) == nil) }
    }

    @Test("reads entry ids from bytes as from text")
    func entryIDs() {
        let texts = [
            "0-0", "5-1", "1732163000000-12", "18446744073709551615-18446744073709551615", "", "-", "5", "5-", "-5",
            "05-1", "5-01", "18446744073709551616-0", "5-1-1", "+5-1", "5 -1", "x-1",
        ]
        for text in texts { #expect(EntryID(bytes: Array(text.utf8)) == EntryID(text), "\(text)") }
    }

    @Test("keeps attempts and crashes apart in one delivery count")
    func deliveryCount() {
        let twice = DeliveryCount(raw: 1 + 2 * DeliveryCount.crash + 3 * DeliveryCount.failure)
        #expect((twice.attempt, twice.crashes) == (4, 2))
        #expect((DeliveryCount(raw: 1).attempt, DeliveryCount(raw: 1).crashes) == (1, 0))
        #expect((DeliveryCount(raw: 0).attempt, DeliveryCount(raw: -7).crashes) == (1, 0))
    }

    @Test(
        "refuses versions older than 7.0",
        arguments: [("6.2.14", false), ("7.0.15", true), ("8.2.0", true), ("x", false)])
    func versions(version: String, isAccepted: Bool) throws {
        let status = ServerStatus(info: "# Server\r\nredis_version:\(version)\r\nmaxmemory:0\r\naof_enabled:1\r\n")
        let check = { try RedisQueueStartCheck.judge(status, appendFsync: .null) }
        if isAccepted {
            #expect(try check().version == version)
        } else {
            #expect(throws: QueueError.self) { try check() }
        }
    }

    @Test("lets one wake-up per queue pass in each interval")
    func wakeLimiter() throws {
        let queue = try #require(queue)
        let other = try #require(QueueName(model: "c", version: "1"))
        let clock = ManualClock()
        let limiter = WakeLimiter(QueueTiming(steady: clock), interval: .milliseconds(50))
        #expect(limiter.admits(queue))
        #expect(limiter.admits(other))
        clock.advance(by: .milliseconds(49))
        #expect(!limiter.admits(queue))
        clock.advance(by: .milliseconds(1))
        #expect(limiter.admits(queue))
    }
}

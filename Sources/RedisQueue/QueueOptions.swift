package import Jobs
import Time

/// What all processes of one cluster must agree on, and the bounds of what the queue keeps in Redis.
package struct QueueOptions: Sendable, Equatable {
    /// How long a worker that is silent still counts as alive. Default 5 s: the longest time until its jobs run
    /// elsewhere when nobody saw it die.
    package var leaseDuration: Duration = .seconds(5)
    /// Workers that died while they ran a job and nothing else, before it is settled as poison. Default 3.
    package var maximumCrashes = 3
    /// The same, for queues that differ.
    package var maximumCrashesByQueue: [QueueName: Int] = [:]
    /// How long an outcome is kept where the job does not say; an absent job older than this is `gone`, not
    /// `unknown`. Default 1 h.
    package var retention: Duration = .seconds(3_600)
    /// How long outcomes wait for a gateway that does not fetch them. Default 60 s, and at most `replyLimit`.
    package var replyLife: Duration = .seconds(60)
    /// Outcomes that wait for one gateway; the oldest are dropped above it (they stay stored). Default 100,000.
    package var replyLimit = 100_000
    /// Dead letters kept per queue, the newest. Default 10,000.
    package var deadLetterLimit = 10_000
    /// Part of `maxmemory` above which submits are refused, so that settling always has room. Default 0.85.
    package var memoryHighWaterMark = 0.85

    package init() {}

    func maximumCrashes(of queue: QueueName) -> Int { maximumCrashesByQueue[queue] ?? maximumCrashes }

    /// Redis takes expiry times from 1 ms up; ten years stand for ever.
    static func milliseconds(_ life: Duration) -> Int64 {
        min(max(1, life.wholeMilliseconds), 10 * 365 * 86_400_000)
    }
}

import Glibc
import Jobs
import TestSupport
import Testing
import Time

@Suite struct ModelQueueTests {
    @Test("the queue in memory", arguments: QueueConformance.all)
    func conforms(_ conformance: QueueConformance) async throws {
        let queue = ModelQueue(clock: MachineTime())
        let name = try #require(QueueName(model: "m", version: "1"))
        try await conformance.check(
            QueueUnderTest(submissions: queue, observer: queue, clock: MachineTime(), queue: name) { queue.worker($0) })
    }
}

/// This machine's time.
struct MachineTime: TimeSource {
    func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}

import Testing

@testable import Worker
import Clocks

@Suite struct SignalTests {
    @Test("a signal that was raised before the wait ends it, once", .timeLimit(.minutes(1)))
    func raisedBefore() async {
        let signal = Signal()
        signal.raise()
        signal.raise()
        await signal.wait()
        let wasRaised = await within(.milliseconds(1), clock: ContinuousClock()) { await signal.wait() }
        #expect(!wasRaised)
    }

    @Test("a raise from another task ends a wait, ten thousand times", .timeLimit(.minutes(1)))
    func pingPong() async {
        let ping = Signal()
        let pong = Signal()
        await withTaskGroup(of: Int.self) { group in
            group.addTask {
                for _ in 0..<10_000 {
                    await ping.wait()
                    pong.raise()
                }
                return 1
            }
            group.addTask {
                for _ in 0..<10_000 {
                    ping.raise()
                    await pong.wait()
                }
                return 2
            }
            var ended: Set<Int> = []
            for await side in group { ended.insert(side) }
            #expect(ended == [1, 2])
        }
    }

    @Test("cancellation ends a wait", .timeLimit(.minutes(1)))
    func cancelled() async {
        let signal = Signal()
        let task = Task { await signal.wait() }
        task.cancel()
        await task.value
        signal.raise()
        let wasRaised = await within(.seconds(10), clock: ContinuousClock()) { await signal.wait() }
        #expect(wasRaised, "the raise after the cancelled wait is kept")
    }
}

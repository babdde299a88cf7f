import Batching
import Testing
import Time

/// Items due before the fastest run ever seen could end.
@Suite struct HopelessItemTests {
    /// Runs lone items without a deadline until the least time is believed; the last is over at the returned time.
    private func prove(
        _ assembler: inout Assembler, took: Duration, group: String = "a", from start: Timestamp = .zero
    ) -> Timestamp {
        var now = start
        for number in 0..<ServiceTimeModel.provingRuns {
            _ = assembler.add(makeItem(1_000 + number, group: group, at: now), now: now)
            now = now + took
            _ = assembler.finished(group, rows: 1, took: took, now: now)
        }
        return now
    }

    @Test("are expired without a run")
    func expired() {
        var assembler = makeAssembler(fixed: .milliseconds(4), perRow: .milliseconds(1))
        let now = prove(&assembler, took: .milliseconds(5))
        let decision = assembler.add(makeItem(1, at: now, deadline: now + .milliseconds(2)), now: now)
        #expect(decision.expired == [1])
        #expect(decision.batches.isEmpty)
    }

    @Test("run while only warm-up says so: slow measurements at the start expire nothing")
    func slowWarmUp() {
        // Warm-up said 120 ms, the truth is 40 ms, the deadlines are 100 ms away.
        var assembler = makeAssembler(fixed: .milliseconds(120), perRow: .zero)
        var now = Timestamp.zero
        for number in 0..<50 {
            let decision = assembler.add(makeItem(number, at: now, deadline: now + .milliseconds(100)), now: now)
            #expect(decision.expired.isEmpty)
            #expect(decision.batches.map(\.ids) == [[number]])
            now = now + .milliseconds(40)
            _ = assembler.finished("a", rows: 1, took: .milliseconds(40), now: now)
        }
    }

    @Test("run although the first run, of a model that was not warmed up, was slow")
    func coldStart() {
        var assembler = Assembler(policy: BatchingPolicy(maximumRows: 64, instances: 1))
        _ = assembler.add(makeItem(0), now: .zero)
        let now = Timestamp.at(.seconds(2))
        _ = assembler.finished("a", rows: 1, took: .seconds(2), now: now)
        let decision = assembler.add(makeItem(1, at: now, deadline: now + .milliseconds(100)), now: now)
        #expect(decision.expired.isEmpty)
        #expect(decision.batches.map(\.ids) == [[1]])
    }

    @Test("one a second runs on a free instance, so that a bound that was wrong falls")
    func probe() {
        var assembler = makeAssembler(fixed: .milliseconds(120), perRow: .zero)
        var now = prove(&assembler, took: .milliseconds(120))
        func next(_ number: Int, after pause: Duration) -> Assembler.Decision {
            now = now + pause
            let items = [number, number + 1].map { makeItem($0, at: now, deadline: now + .milliseconds(100)) }
            return assembler.add(items, now: now)
        }
        #expect(next(1, after: .milliseconds(10)).expired == [1, 2])
        let probing = next(3, after: .seconds(1))
        #expect(probing.batches.map(\.ids) == [[3]])
        #expect(probing.expired == [4])
        now = now + .milliseconds(130)
        _ = assembler.finished("a", rows: 1, took: .milliseconds(130), now: now)
        #expect(next(5, after: .milliseconds(100)).expired == [5, 6], "a probe that was slow proves nothing")
        #expect(next(7, after: .seconds(1)).batches.map(\.ids) == [[7]])
        now = now + .milliseconds(40)
        _ = assembler.finished("a", rows: 1, took: .milliseconds(40), now: now)
        let after = next(9, after: .milliseconds(1))
        #expect(after.expired.isEmpty)
        #expect(after.batches.map(\.ids) == [[9, 10]])
    }

    @Test("none is tried while every instance is busy")
    func noProbeWhileBusy() {
        var assembler = makeAssembler(fixed: .milliseconds(120), perRow: .zero)
        var now = prove(&assembler, took: .milliseconds(120))
        _ = assembler.add(makeItem(1, at: now), now: now)
        now = now + .seconds(2)
        #expect(assembler.add(makeItem(2, at: now, deadline: now + .milliseconds(100)), now: now).expired == [2])
    }

    @Test("what one group of shapes has taken expires nothing of another, whose rows may be cheaper")
    func otherGroup() {
        var assembler = makeAssembler(fixed: .milliseconds(120), perRow: .zero)
        let now = prove(&assembler, took: .milliseconds(120), group: "long")
        let item = makeItem(1, group: "short", at: now, deadline: now + .milliseconds(100))
        #expect(assembler.add(item, now: now).batches.map(\.ids) == [[1]])
    }
}

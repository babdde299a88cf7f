import Batching
import Testing
import Time

@Suite struct BatchAssemblerTests {
    @Suite struct CloseReasons {
        @Test("runs a lone item at once on a free instance: idle")
        func idle() {
            var assembler = makeAssembler()
            let decision = assembler.add(makeItem(1), now: .zero)
            #expect(decision.batches.map(\.ids) == [[1]])
            #expect(decision.batches.first?.reason == .idle)
            #expect(decision.wakeUp == nil)
        }

        @Test("closes with the maximum of rows while more wait: full")
        func full() {
            var assembler = makeAssembler(maximumRows: 4)
            let decision = assembler.add((1...6).map { makeItem($0) }, now: .zero)
            #expect(decision.batches.map(\.ids) == [[1, 2, 3, 4]])
            #expect(decision.batches.first?.reason == .full)
            let next = assembler.finished("a", rows: 4, took: .milliseconds(2), now: .at(.milliseconds(2)))
            #expect(next.batches.map(\.ids) == [[5, 6]])
            #expect(next.batches.first?.reason == .idle)
        }

        @Test("waits for company up to the maximum delay: delay")
        func delay() {
            var assembler = makeAssembler(maximumDelay: .milliseconds(5))
            let first = assembler.add(makeItem(1), now: .zero)
            #expect(first.batches.isEmpty)
            #expect(first.wakeUp == .at(.milliseconds(5)))
            let second = assembler.tick(now: .at(.milliseconds(5)))
            #expect(second.batches.map(\.reason) == [.delay])
        }

        @Test("stops waiting when arrivals are too rare for the fixed cost: idle")
        func waitingDoesNotPay() {
            var assembler = makeAssembler(maximumDelay: .milliseconds(50))
            _ = assembler.add(makeItem(1), now: .zero)
            // The second comes after 10 ms: far more than the 1.4 ms that sharing a batch saves.
            let decision = assembler.add(makeItem(2, at: .at(.milliseconds(10))), now: .at(.milliseconds(10)))
            #expect(decision.batches.map(\.ids) == [[1, 2]])
            #expect(decision.batches.first?.reason == .idle)
        }

        @Test("waits for the next row while rows come faster than the fixed cost over the rows")
        func waitingPays() {
            var assembler = makeAssembler(maximumDelay: .milliseconds(50))
            for index in 0..<5 {
                let now = Timestamp.at(.microseconds(200 * index))
                let decision = assembler.add(makeItem(index, at: now), now: now)
                #expect(decision.batches.isEmpty)
                #expect(decision.wakeUp != nil)
            }
        }

        @Test("closes at the latest safe start of the tightest deadline: deadline")
        func latestSafeStart() throws {
            var assembler = makeAssembler(maximumDelay: .milliseconds(50))
            let deadline = Timestamp.at(.milliseconds(20))
            let waiting = assembler.add(makeItem(1, deadline: deadline), now: .zero)
            let wakeUp = try #require(waiting.wakeUp)
            #expect(waiting.batches.isEmpty)
            #expect(wakeUp < deadline - .milliseconds(1))
            let decision = assembler.tick(now: wakeUp)
            #expect(decision.batches.map(\.reason) == [.deadline])
        }

        @Test("leaves out a row that would make the tightest deadline late: deadline")
        func deadlineLimitsRows() throws {
            var assembler = makeAssembler(fixed: .milliseconds(2), perRow: .milliseconds(1))
            let busy = assembler.add(makeItem(0), now: .zero)
            #expect(busy.batches.count == 1)
            let tight = makeItem(1, deadline: .at(.milliseconds(20)))
            _ = assembler.add([tight] + (2...60).map { makeItem($0) }, now: .zero)
            let decision = assembler.finished("a", rows: 1, took: .milliseconds(3), now: .at(.milliseconds(3)))
            let batch = try #require(decision.batches.first)
            #expect(batch.reason == .deadline)
            #expect(batch.ids.first == 1)
            #expect(batch.rows > 3 && batch.rows < 16)
            #expect(try #require(batch.expected) <= .milliseconds(17))
        }

        @Test("a deadline that is too tight for its quantile does not make batches small")
        func lateItemsDoNotShrinkBatches() throws {
            var assembler = makeAssembler(fixed: .milliseconds(10), perRow: .milliseconds(1))
            _ = assembler.add(makeItem(0), now: .zero)
            // 11 ms left is what one row takes: possible, and not to be counted on.
            let tight = makeItem(1, deadline: .at(.milliseconds(22)))
            _ = assembler.add([tight] + (2...64).map { makeItem($0) }, now: .zero)
            let decision = assembler.finished("a", rows: 1, took: .milliseconds(11), now: .at(.milliseconds(11)))
            #expect(try #require(decision.batches.first).rows == 64)
        }

        @Test("closes what may not share a run with the rest: shape")
        func shape() {
            var assembler = makeAssembler(maximumDelay: .milliseconds(5))
            let decision = assembler.add([makeItem(1, group: "a"), makeItem(2, group: "b")], now: .zero)
            #expect(decision.batches.map(\.ids) == [[1]])
            #expect(decision.batches.first?.reason == .shape)
            let next = assembler.instanceBecameFree(now: .zero)
            #expect(next.batches.isEmpty, "alone now, it may wait for company")
        }

        @Test("spreads rows over free instances when a row costs the same in a small batch: spread")
        func spread() {
            var assembler = makeAssembler(fixed: .microseconds(10), perRow: .milliseconds(4), instances: 2)
            let decision = assembler.add((1...8).map { makeItem($0) }, now: .zero)
            #expect(decision.batches.count == 2)
            #expect(decision.batches.allSatisfy { $0.rows <= 4 })
        }

        @Test("keeps rows together when the fixed cost dominates, though another instance idles")
        func together() {
            var assembler = makeAssembler(fixed: .milliseconds(10), perRow: .microseconds(10), instances: 2)
            let decision = assembler.add((1...8).map { makeItem($0) }, now: .zero)
            #expect(decision.batches.map(\.rows) == [8])
        }

        @Test("a drain that finishes runs what waits without delay: drain")
        func drainFinishing() {
            var assembler = makeAssembler(maximumDelay: .milliseconds(50))
            #expect(assembler.add([makeItem(1), makeItem(2)], now: .zero).batches.isEmpty)
            let drained = assembler.drain(.finishing, now: .zero)
            #expect(drained.returned.isEmpty)
            #expect(drained.decision.batches.map(\.ids) == [[1, 2]])
            #expect(drained.decision.batches.first?.reason == .drain)
        }

        @Test("a drain that hands back returns what has not started and finishes what has")
        func drainHandingBack() {
            var assembler = makeAssembler(maximumRows: 4)
            let first = assembler.add([makeItem(1, rows: 6), makeItem(2)], now: .zero)
            #expect(first.batches.map(\.rows) == [4])
            let drained = assembler.drain(.handingBack, now: .zero)
            #expect(drained.returned == [2])
            let rest = assembler.instanceBecameFree(now: .zero)
            #expect(rest.batches.map(\.ids) == [[1]])
            #expect(rest.batches.first?.entries.first?.range == 4..<6)
            #expect(rest.batches.first?.reason == .drain)
        }
    }

    @Test("the next item that does not fit whole closes the batch and opens the next")
    func wholeItems() {
        var assembler = makeAssembler(maximumRows: 8)
        let first = assembler.add([makeItem(1, rows: 5), makeItem(2, rows: 5)], now: .zero)
        #expect(first.batches.map(\.ids) == [[1]])
        #expect(first.batches.first?.reason == .full)
        #expect(assembler.instanceBecameFree(now: .zero).batches.map(\.ids) == [[2]])
    }

    @Test("a request above the maximum runs in parts that cover it exactly")
    func largeRequest() {
        var assembler = makeAssembler(maximumRows: 64)
        var ranges: [Range<Int>] = []
        var decision = assembler.add(makeItem(1, rows: 150), now: .zero)
        while let batch = decision.batches.first {
            #expect(batch.rows <= 64)
            ranges += batch.entries.map(\.range)
            #expect(batch.entries.allSatisfy { $0.itemRows == 150 && !$0.isWhole })
            decision = assembler.instanceBecameFree(now: .zero)
        }
        #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == 150)
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }

    @Test("priority goes before deadline, deadline before arrival, arrival order within")
    func order() {
        var assembler = makeAssembler(maximumRows: 1)
        _ = assembler.add(makeItem(0), now: .zero)
        _ = assembler.add(
            [
                makeItem(1, priority: 2, deadline: .at(.milliseconds(100))),
                makeItem(2), makeItem(3),
                makeItem(4, deadline: .at(.milliseconds(500))),
                makeItem(5, priority: 0),
                makeItem(6, deadline: .at(.milliseconds(400))),
            ], now: .zero)
        var order: [Int] = []
        while let batch = assembler.instanceBecameFree(now: .zero).batches.first { order += batch.ids }
        #expect(order == [5, 6, 4, 2, 3, 1])
    }

    @Test("an item without a deadline is not starved by a stream of items with deadlines")
    func patience() {
        var assembler = makeAssembler(maximumRows: 1)
        _ = assembler.add([makeItem(0), makeItem(1)], now: .zero)
        let later = Timestamp.at(.seconds(2))
        _ = assembler.add(makeItem(2, at: later, deadline: later + .milliseconds(200)), now: later)
        #expect(assembler.instanceBecameFree(now: later).batches.map(\.ids) == [[1]])
    }

    @Test("an expired item is never run and is reported once, at the time it asked to be woken")
    func expiry() throws {
        var assembler = makeAssembler()
        _ = assembler.add(makeItem(0), now: .zero)
        let waiting = assembler.add(makeItem(1, deadline: .at(.milliseconds(3))), now: .zero)
        #expect(waiting.wakeUp == .at(.milliseconds(3)))
        let decision = assembler.tick(now: .at(.milliseconds(3)))
        #expect(decision.expired == [1])
        #expect(assembler.instanceBecameFree(now: .at(.milliseconds(4))).batches.isEmpty)
        #expect(assembler.tick(now: .at(.milliseconds(5))).expired.isEmpty)
    }

    @Test("a cancelled item that waits does not run; one that runs is not here any more")
    func removal() {
        var assembler = makeAssembler(maximumRows: 4)
        _ = assembler.add([makeItem(1, rows: 6), makeItem(2), makeItem(3)], now: .zero)
        #expect(assembler.remove(2) == .waiting)
        #expect(assembler.remove(2) == .notWaiting)
        #expect(assembler.remove(1) == .partlyStarted)
        #expect(assembler.instanceBecameFree(now: .zero).batches.map(\.ids) == [[3]])
    }

    @Test("appetite: one batch for each free instance and one ahead of each")
    func appetite() {
        var assembler = makeAssembler(
            fixed: .microseconds(10), perRow: .microseconds(4_500), maximumRows: 64, instances: 2)
        #expect(assembler.appetite == 4)
        _ = assembler.add([makeItem(1), makeItem(2)], now: .zero)
        #expect(assembler.appetite == 2)
        _ = assembler.add([makeItem(3), makeItem(4)], now: .zero)
        #expect(assembler.appetite == 0)
    }

    @Test("what is learned of many groups stays bounded")
    func boundedGroups() {
        var assembler = makeAssembler()
        for index in 0..<1_000 {
            let decision = assembler.add(makeItem(index, group: "g\(index)"), now: .zero)
            #expect(decision.batches.map(\.ids) == [[index]])
            _ = assembler.finished("g\(index)", rows: 1, took: .milliseconds(1), now: .zero)
        }
        #expect(assembler.groupCount <= Assembler.maximumIdleGroups)
    }
}

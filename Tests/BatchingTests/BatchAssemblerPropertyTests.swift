import Batching
import Random
import Testing
import Time

/// Random events against a model of the outside world, which rejects illegal decisions.
@Suite struct BatchAssemblerPropertyTests {
    private struct World {
        var generator: SeededGenerator
        var assembler: Assembler
        let policy: BatchingPolicy
        var now = Timestamp.zero
        var nextID = 0
        var rows: [Int: Int] = [:]
        var deadline: [Int: Timestamp] = [:]
        var started: [Int: [Range<Int>]] = [:]
        var ended: [Int: String] = [:]
        var running: [Batch<Int, String>] = []
        var lastNumber: UInt64 = 0

        init(seed: UInt64) {
            generator = SeededGenerator(seed: seed)
            policy = BatchingPolicy(
                maximumRows: Int.random(in: 1...40, using: &generator),
                maximumDelay: Bool.random(using: &generator) ? .zero : .milliseconds(3),
                instances: Int.random(in: 1...4, using: &generator))
            assembler = Assembler(policy: policy)
        }

        mutating func accept(_ decision: Assembler.Decision) {
            for id in decision.expired {
                #expect(ended[id] == nil, "item \(id) ended twice")
                #expect(deadline[id] != nil, "item \(id) has no deadline and expired")
                ended[id] = "expired"
            }
            for batch in decision.batches {
                #expect(batch.number == lastNumber + 1)
                lastNumber = batch.number
                #expect(batch.rows == batch.entries.reduce(0) { $0 + $1.range.count })
                #expect(batch.rows >= 1 && batch.rows <= policy.maximumRows)
                for entry in batch.entries {
                    #expect(ended[entry.id] == nil, "item \(entry.id) runs after its end")
                    #expect(batch.group == "g\(entry.id % 3)")
                    if let deadline = deadline[entry.id] { #expect(deadline > now, "an expired item runs") }
                    #expect(entry.range.lowerBound == started[entry.id]?.last?.upperBound ?? 0)
                    started[entry.id, default: []].append(entry.range)
                    if entry.range.upperBound == rows[entry.id] { ended[entry.id] = "ran" }
                }
                running.append(batch)
                #expect(running.count <= policy.instances)
            }
            if let wakeUp = decision.wakeUp { #expect(wakeUp > now, "asks to be woken in the past") }
        }

        mutating func add() {
            let items = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                defer { nextID += 1 }
                let item = makeItem(
                    nextID, rows: Int.random(in: 1...(Bool.random(using: &generator) ? 3 : 100), using: &generator),
                    group: "g\(nextID % 3)", priority: Int.random(in: 0...2, using: &generator), at: now,
                    deadline: Bool.random(using: &generator)
                        ? nil : now + .microseconds(Int.random(in: 1...20_000, using: &generator)))
                rows[nextID] = item.rows
                deadline[nextID] = item.deadline
                return item
            }
            accept(assembler.add(items, now: now))
        }

        mutating func finish() {
            guard !running.isEmpty else { return }
            let batch = running.remove(at: Int.random(in: 0..<running.count, using: &generator))
            let took = Duration.microseconds(500 + 50 * batch.rows + Int.random(in: 0...200, using: &generator))
            now = now + took
            if Int.random(in: 0..<10, using: &generator) == 0 {
                accept(assembler.instanceBecameFree(now: now))
            } else {
                accept(assembler.finished(batch.group, rows: batch.rows, took: took, now: now))
            }
        }

        mutating func cancel() {
            guard nextID > 0 else { return }
            let id = Int.random(in: 0..<nextID, using: &generator)
            switch assembler.remove(id) {
            case .waiting:
                #expect(ended[id] == nil && started[id] == nil)
                ended[id] = "removed"
            case .partlyStarted:
                #expect(ended[id] == nil && started[id] != nil)
                ended[id] = "removed"
            case .notWaiting: #expect(ended[id] != nil)
            }
        }

        mutating func step() {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<4: add()
            case 4..<8: finish()
            case 8: cancel()
            default:
                now = now + .microseconds(Int.random(in: 1...5_000, using: &generator))
                accept(assembler.tick(now: now))
            }
        }

        mutating func end(_ mode: Assembler.Drain) {
            let drained = assembler.drain(mode, now: now)
            for id in drained.returned {
                #expect(ended[id] == nil && started[id] == nil)
                ended[id] = "returned"
            }
            accept(drained.decision)
            while !running.isEmpty { finish() }
        }
    }

    @Test("each item ends once: run whole, expired, removed or returned", arguments: 0..<200 as Range<UInt64>)
    func conservation(seed: UInt64) {
        var world = World(seed: seed)
        for _ in 0..<150 { world.step() }
        world.end(seed % 2 == 0 ? .finishing : .handingBack)
        #expect(world.ended.count == world.nextID, "seed \(seed): items were lost")
        #expect(world.assembler.waitingRows == 0 && world.assembler.waitingItems == 0)
    }

    @Test("the same events give the same batches")
    func replay() {
        func run() -> [[Int]] {
            var world = World(seed: 7)
            var batches: [[Int]] = []
            for _ in 0..<300 {
                world.step()
                batches += world.running.map(\.ids)
            }
            return batches
        }
        #expect(run() == run())
    }

    @Test(
        "items of one priority without deadlines start in the order of their arrival",
        arguments: 0..<20 as Range<UInt64>)
    func firstInFirstOut(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var assembler = makeAssembler(maximumRows: 8, instances: 2)
        var order: [Int] = []
        var next = 0
        for round in 0..<200 {
            let now = Timestamp.at(.microseconds(100 * round))
            let decision: Assembler.Decision
            if Bool.random(using: &generator) {
                decision = assembler.add(
                    makeItem(next, rows: Int.random(in: 1...12, using: &generator), at: now), now: now)
                next += 1
            } else {
                decision = assembler.instanceBecameFree(now: now)
            }
            order += decision.batches.flatMap(\.ids)
        }
        #expect(!order.isEmpty)
        #expect(order == order.sorted(), "seed \(seed)")
    }
}

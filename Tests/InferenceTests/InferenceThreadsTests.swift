import Foundation
import Settings
import Synchronization
import Tensors
import Testing

@testable import Inference

/// Answers at once; `makeInstance` fails from the given instance on.
private final class FakeBackend: Backend {
    let rows = RowKnowledge.byConstruction
    let platform = "fake"
    let signature = ModelSignature(inputs: [], outputs: [], maximumBatchSize: nil)
    private let failsFrom: Int
    private let made = Mutex(0)

    init(failsFrom: Int = .max) { self.failsFrom = failsFrom }

    final class Instance: BackendInstance {
        let number: Int
        init(number: Int) { self.number = number }
        func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
            inputs
        }
    }

    func makeInstance() throws(InferenceError) -> any BackendInstance {
        let number = made.withLock { made in
            defer { made += 1 }
            return made
        }
        guard number < failsFrom else { throw InferenceError(.modelUnavailable, "no more") }
        return Instance(number: number)
    }
}

@Suite struct InferenceThreadsTests {
    /// Awaits work on a thread.
    private func result<R: Sendable>(
        _ threads: InferenceThreads, _ index: Int, _ body: @escaping @Sendable (any BackendInstance) -> R
    ) async -> R {
        await withCheckedContinuation { continuation in
            threads.run(on: index) { continuation.resume(returning: body($0)) }
        }
    }

    @Test("each thread has its name and an instance of its own, and keeps both")
    func identity() async throws {
        let threads = try InferenceThreads(count: 3, name: "digits", backend: FakeBackend())
        var numbers: Set<Int> = []
        for index in 0..<3 {
            for _ in 0..<2 {
                let (name, number) = await result(threads, index) { instance in
                    (
                        try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8),
                        (instance as? FakeBackend.Instance)?.number
                    )
                }
                #expect(name == "digits-\(index)\n")
                numbers.insert(try #require(number))
            }
        }
        #expect(numbers == [0, 1, 2])
        threads.stop()
    }

    @Test("one thread runs work in the order in which it came, and stop waits for the last")
    func order() throws {
        let threads = try InferenceThreads(count: 1, name: "t", backend: FakeBackend())
        let gate = Monitor(false)
        let ran = Mutex<[Int]>([])
        threads.run(on: 0) { _ in gate.wait { $0 ? () : nil } }
        for number in 0..<10 { threads.run(on: 0) { _ in ran.withLock { $0.append(number) } } }
        gate.change { $0 = true }
        threads.stop()
        #expect(ran.withLock { $0 } == Array(0..<10))
    }

    @Test("threads run side by side")
    func watch() async throws {
        let threads = try InferenceThreads(count: 2, name: "t", backend: FakeBackend())
        let entered = Monitor(0)
        let gate = Monitor(false)
        for index in 0..<2 {
            threads.run(on: index) { _ in
                entered.change { $0 += 1 }
                gate.wait { $0 ? () : nil }
            }
        }
        // Both are inside at once, which one thread could not do.
        entered.wait { $0 == 2 ? () : nil }
        gate.change { $0 = true }
        for index in 0..<2 { _ = await result(threads, index) { _ in () } }
        threads.stop()
    }

    @Test("an instance that cannot be made fails the whole, with its reason, and leaves no thread")
    func failingInstance() throws {
        let error = #expect(throws: InferenceError.self) {
            try InferenceThreads(count: 3, name: "failing", backend: FakeBackend(failsFrom: 2))
        }
        #expect(error == InferenceError(.modelUnavailable, "no more"))
        // The kernel lists a thread for a moment after it was joined, which nobody tells.
        let deadline = ContinuousClock.now + .seconds(60)
        while try hasThread("failing") {
            guard ContinuousClock.now < deadline else {
                Issue.record("a thread is left")
                return
            }
            sched_yield()
        }
    }

    private func hasThread(_ name: String) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").contains { thread in
            // Another test's thread may end between the two reads.
            (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8))?.hasPrefix(name) ?? false
        }
    }

    @Test("two threads on one session of the runtime get every answer right")
    func concurrentRuns() async throws {
        let samples = try DigitSamples.read()
        let threads = try InferenceThreads(
            count: 2, name: "digits", backend: try Models.load("digits", options: ONNXOptions(instances: 2)))
        let wrong = await withTaskGroup(of: Int.self) { group in
            for index in 0..<2 {
                group.addTask {
                    await result(threads, index) { instance in
                        var wrong = 0
                        for _ in 0..<20 {
                            for (image, label) in zip(samples.images, samples.labels) {
                                let outputs = try? instance.run(
                                    [makeTensor("image", image, columns: 64)], rows: 1, requestedOutputs: ["label"])
                                if outputs?.first?.integers != [label] { wrong += 1 }
                            }
                        }
                        return wrong
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        threads.stop()
    }
}

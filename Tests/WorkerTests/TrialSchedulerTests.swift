import Inference
import Jobs
import Settings
import Synchronization
import Testing
import WorkerTestSupport

@testable import Worker

/// Jobs that workers died with, in a worker with more than one model.
@Suite(.timeLimit(.minutes(1))) struct TrialSchedulerTests {
    /// What ran at the same time, as the notes of a worker say.
    private final class Watch: Sendable {
        private struct State {
            var places = 0
            var loads = 0
            var running: [Int: [JobID]] = [:]
            var beside: [JobID: Set<JobID>] = [:]
        }

        private let state = Mutex(State())

        var notes: RunNotes {
            RunNotes(
                reserve: { count in
                    self.state.withLock { state in
                        defer { state.places += count }
                        return state.places
                    }
                },
                note: { jobs, place in
                    self.state.withLock { state in
                        state.running[place] = jobs.isEmpty ? nil : jobs
                        let all = state.running.values.flatMap { $0 }
                        for job in all { state.beside[job, default: []].formUnion(all.filter { $0 != job }) }
                    }
                },
                load: { load in self.state.withLock { $0.loads += load == .began ? 1 : -1 } })
        }

        /// Models that are being loaded.
        var loads: Int { state.withLock { $0.loads } }

        /// Jobs that ran at the same time as this one.
        func beside(_ id: JobID) -> Set<JobID>? { state.withLock { $0.beside[id] } }
    }

    private func serve(
        _ service: WorkerService, queue: RecordingQueue, _ body: () async throws -> Void
    ) async throws {
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        try await body()
        service.drain()
        try await running
    }

    @Test("over all models and instances nothing runs beside a job on trial")
    func alone() async throws {
        let queue = RecordingQueue()
        let watch = Watch()
        var jobs = try (0..<300).map { try makeJob($0, model: $0 % 2 == 0 ? "m" : "n") }
        for index in stride(from: 0, to: 300, by: 7) { jobs[index].crashes = 1 }
        let service = makeService(
            queue: queue, batching: BatchingSettings(maximumRows: 4), models: ["m", "n"], instances: 2,
            notes: watch.notes)
        try await serve(service, queue: queue) {
            queue.add(jobs)
            await queue.wait { $0.settled.count >= 300 }
        }
        let suspects = jobs.filter { $0.crashes > 0 }.map(\.id)
        #expect(Set(queue.state.tried) == Set(suspects))
        for id in suspects { #expect(watch.beside(id) == []) }
        #expect(Set(queue.state.settled.map(\.outcome.id)) == Set(jobs.map(\.id)))
    }

    @Test("a trial waits for a run of another model that was there before it")
    func waitsForOtherModel() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let normal = try makeJob(1, model: "n")
        var suspect = try makeJob(2, model: "m")
        suspect.crashes = 1
        let blocking = TestBackend(beforeRun: { gate.pass() })
        let service = makeService(
            queue: queue, models: ["m", "n"],
            load: { settings throws(InferenceError) in settings.name == "n" ? blocking : TestBackend() })
        try await serve(service, queue: queue) {
            gate.close()
            queue.add([normal])
            await gate.waitUntilEntered()
            queue.add([suspect])
            await queue.wait { $0.waiting.isEmpty }
            #expect(queue.state.tried.isEmpty, "the other model still runs")
            gate.open()
            await queue.wait { $0.settled.count == 2 }
        }
        #expect(queue.state.tried == [suspect.id])
    }

    @Test("while a model loads the others are served, and what waits for its trial waits on")
    func besideLoad() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let normal = try makeJob(1, model: "m")
        var suspect = try makeJob(2, model: "m")
        suspect.crashes = 1
        gate.close()
        let watch = Watch()
        let service = makeService(
            queue: queue, models: ["m", "n"], notes: watch.notes,
            load: { settings throws(InferenceError) in
                if settings.name == "n" { gate.pass() }
                return TestBackend()
            })
        try await serve(service, queue: queue) {
            await gate.waitUntilEntered()
            queue.add([suspect, normal])
            await queue.wait { $0.settled.count == 1 }
            #expect(queue.state.settled.map(\.outcome.id) == [normal.id])
            #expect(queue.state.tried.isEmpty, "the other model still loads")
            #expect(watch.loads == 1)
            gate.open()
            await queue.wait { $0.settled.count == 2 }
        }
        #expect(queue.state.tried == [suspect.id])
        #expect(watch.loads == 0)
    }

    @Test("told to stop, a worker hands back what waits for its trial and keeps the trial that runs")
    func draining() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        var jobs = try (0..<3).map { try makeJob($0) }
        for index in jobs.indices { jobs[index].crashes = 1 }
        let service = makeService(queue: queue, backend: TestBackend(beforeRun: { gate.pass() }))
        try await serve(service, queue: queue) {
            gate.close()
            queue.add(jobs)
            await gate.waitUntilEntered()
            service.drain()
            await queue.wait { $0.handedBack.count == 2 }
            gate.open()
            await queue.wait { $0.settled.count == 1 }
        }
        #expect(queue.state.tried == [jobs[0].id])
        #expect(Set(queue.state.handedBack) == [jobs[1].id, jobs[2].id])
    }
}

import Glibc
import Synchronization

/// Threads of their own for blocking runs, one per instance of a model.
///
/// Neither the event loops nor the cooperative pool ever run a model, so leases are renewed and replies flow
/// however long a batch takes.
package final class InferenceThreads: Sendable {
    /// A run: called on the thread `index` with that thread's instance.
    package typealias Work = @Sendable (any BackendInstance) -> Void

    private let lanes: [Lane]

    /// Makes the instances, each on its own thread, and returns when all are made.
    /// - Parameter name: of the threads, at most 12 characters.
    package init(count: Int, name: String, backend: any Backend) throws(InferenceError) {
        let started = (0..<max(1, count)).map { Lane(name: "\(name)-\($0)", backend: backend) }
        lanes = started
        for lane in started {
            do {
                try lane.waitUntilReady()
            } catch {
                stop()
                throw error
            }
        }
    }

    package var count: Int { lanes.count }

    /// Runs `work` on the thread `index`, after what was given to it before. Never blocks.
    ///
    /// The caller keeps at most one run and one more per thread; there is no bound of its own.
    package func run(on index: Int, _ work: @escaping Work) { lanes[index].add(work) }

    /// How long the current run of each thread has taken; `nil` for an idle thread.
    package func runningFor() -> [Duration?] { lanes.map { $0.runningFor() } }

    /// Lets what was given end, then ends the threads. Blocks for that long.
    package func stop() {
        for lane in lanes { lane.finish() }
        for lane in lanes { lane.join() }
    }
}

/// One thread with its instance and its line of work.
private final class Lane: Sendable {
    private struct State {
        var work: [InferenceThreads.Work] = []
        var isFinished = false
        var started: ContinuousClock.Instant?
        var loading: Result<Void, InferenceError>?
    }

    /// Guards `state`; signalled on every change. A condition variable, since the thread blocks.
    private let monitor = Monitor<State>(State())
    private let thread: pthread_t

    init(name: String, backend: any Backend) {
        let monitor = self.monitor
        thread = Thread.start(name: name) {
            let instance: any BackendInstance
            do throws(InferenceError) {
                instance = try backend.makeInstance()
                monitor.change { $0.loading = .success(()) }
            } catch {
                monitor.change { $0.loading = .failure(error) }
                return
            }
            while let work = Lane.next(monitor) {
                work(instance)
                monitor.change { $0.started = nil }
            }
        }
    }

    private static func next(_ monitor: Monitor<State>) -> InferenceThreads.Work? {
        monitor.wait { state in
            if state.work.isEmpty { return state.isFinished ? .some(nil) : nil }
            state.started = .now
            return state.work.removeFirst()
        }
    }

    func waitUntilReady() throws(InferenceError) {
        try monitor.wait { $0.loading }.get()
    }

    func add(_ work: @escaping InferenceThreads.Work) { monitor.change { $0.work.append(work) } }

    func runningFor() -> Duration? { monitor.read { $0.started }.map { ContinuousClock.now - $0 } }

    func finish() { monitor.change { $0.isFinished = true } }

    func join() { pthread_join(thread, nil) }
}

/// One thread with its instance and its line of work.
final class InferenceThread: Sendable {
    private struct State {
        var line: [InferenceThreads.Work] = []
        var phase = Phase.loading
    }

    private enum Phase {
        /// Makes its instance. Can go to: ready, failed.
        case loading
        /// Runs what it is given. Can go to: finishing.
        case ready
        /// Runs what is left, then ends.
        case finishing
        /// Could not make its instance; the thread has ended.
        case failed(InferenceError)
    }

    /// A condition variable, since the thread blocks.
    private let monitor: Monitor<State>
    private let thread: BlockingThread

    /// Starts the thread, which makes its instance first.
    init(name: String, backend: any Backend) throws(InferenceError) {
        let monitor = Monitor(State())
        self.monitor = monitor
        thread = try BlockingThread(name: name) {
            do throws(InferenceError) {
                let instance = try backend.makeInstance()
                monitor.change { if case .loading = $0.phase { $0.phase = .ready } }
                Self.work(instance, monitor)
            } catch {
                monitor.change { $0.phase = .failed(error) }
            }
        }
    }

    private static func work(_ instance: any BackendInstance, _ monitor: Monitor<State>) {
        while let next = next(monitor) { next(instance) }
    }

    private static func next(_ monitor: Monitor<State>) -> InferenceThreads.Work? {
        monitor.wait { state in
            if state.line.isEmpty {
                if case .finishing = state.phase { return .some(nil) }
                return nil
            }
            return state.line.removeFirst()
        }
    }

    /// Blocks until the instance is made.
    func waitUntilReady() throws(InferenceError) {
        let result: Result<Void, InferenceError> = monitor.wait { state in
            switch state.phase {
            case .loading: nil
            case .ready, .finishing: .success(())
            case .failed(let error): .failure(error)
            }
        }
        try result.get()
    }

    func add(_ work: @escaping InferenceThreads.Work) {
        monitor.change { state in
            guard case .ready = state.phase, state.line.count < InferenceThreads.maximumWaiting else {
                preconditionFailure("work for a thread that is \(state.phase) with \(state.line.count) waiting")
            }
            state.line.append(work)
        }
    }

    func finish() {
        monitor.change { state in
            if case .failed = state.phase { return }
            state.phase = .finishing
        }
    }

    func join() { thread.join() }
}

/// The containers of one driver, by worker. A value: it says what is to be done, the driver does it.
struct ContainerLedger: Sendable {
    enum Phase: Sendable, Equatable {
        /// The engine was asked to make it. Can go to: running, ended.
        case creating
        /// Can go to: leaving, ended.
        case running
        /// Asked to drain. Ends.
        case leaving
    }

    struct Entry: Sendable, Equatable {
        var pool: String
        /// The engine's id; `nil` until the engine gave one.
        var container: String?
        var phase: Phase
        /// From SIGTERM to SIGKILL.
        var grace: Duration
        /// The signal that it was last asked to be sent and that the engine has not taken yet.
        var owed: Signal?
        /// Its end was seen before its start was told.
        var hasEndedEarly = false
    }

    enum Signal: String, Sendable, Equatable {
        case end = "SIGTERM"
        case kill = "SIGKILL"
    }

    private(set) var entries: [String: Entry] = [:]
    private var workers: [String: String] = [:]
    /// Containers whose end is being looked at by somebody.
    private var settling: Set<String> = []

    // MARK: Starts

    mutating func noteOrder(_ worker: String, in pool: String, grace: Duration) {
        entries[worker] = Entry(pool: pool, phase: .creating, grace: grace)
    }

    mutating func noteCreated(_ worker: String, container: String) {
        entries[worker]?.container = container
        workers[container] = worker
    }

    /// The start was told to the reader of events.
    /// - Returns: the container, if it has ended meanwhile.
    mutating func noteStarted(_ worker: String) -> String? {
        guard var entry = entries[worker] else { return nil }
        entry.phase = .running
        entries[worker] = entry
        return entry.hasEndedEarly ? entry.container : nil
    }

    /// A container of an earlier scaler that still runs.
    /// - Returns: whether it was unknown.
    mutating func adopt(_ worker: String, in pool: String, container: String, grace: Duration) -> Bool {
        guard entries[worker] == nil else { return false }
        entries[worker] = Entry(pool: pool, container: container, phase: .running, grace: grace)
        workers[container] = worker
        return true
    }

    /// The start failed.
    /// - Returns: the container to remove, if there is one.
    mutating func forget(_ worker: String) -> String? {
        guard let container = entries.removeValue(forKey: worker)?.container else { return nil }
        workers[container] = nil
        settling.remove(container)
        return container
    }

    // MARK: Orders to leave

    /// - Returns: the container to signal; `nil` when it leaves already or is not ours.
    mutating func drain(_ worker: String) -> String? {
        guard var entry = entries[worker], entry.phase == .running, let container = entry.container else { return nil }
        entry.phase = .leaving
        entry.owed = .end
        entries[worker] = entry
        return container
    }

    mutating func kill(_ worker: String) -> String? {
        guard let container = entries[worker]?.container else { return nil }
        entries[worker]?.owed = .kill
        return container
    }

    /// The engine took a signal.
    mutating func noteSignalled(_ container: String, _ signal: Signal) {
        guard let worker = workers[container], entries[worker]?.owed == signal else { return }
        entries[worker]?.owed = nil
    }

    /// Signals that the engine did not take when they were sent.
    var owed: [(container: String, signal: Signal)] {
        entries.values.compactMap { entry in
            guard let container = entry.container, let signal = entry.owed else { return nil }
            return (container, signal)
        }
    }

    // MARK: Ends

    /// Claims the end of a container, so that it is told once.
    /// - Returns: false when it is not ours, is claimed, or has not been told as started yet.
    mutating func beginSettling(_ container: String) -> Bool {
        guard let worker = workers[container], let entry = entries[worker] else { return false }
        guard entry.phase != .creating else {
            entries[worker]?.hasEndedEarly = true
            return false
        }
        return settling.insert(container).inserted
    }

    /// It runs after all, or the engine does not answer.
    mutating func stopSettling(_ container: String) { settling.remove(container) }

    /// It has ended. - Returns: the worker and what was known of it.
    mutating func settle(_ container: String) -> (worker: String, entry: Entry)? {
        settling.remove(container)
        guard let worker = workers.removeValue(forKey: container), let entry = entries.removeValue(forKey: worker)
        else { return nil }
        return (worker, entry)
    }

    /// Containers that should run and are not among `running`.
    func missing(from running: Set<String>) -> [String] {
        entries.values.compactMap { entry in
            guard entry.phase != .creating, let container = entry.container, !running.contains(container) else {
                return nil
            }
            return container
        }.sorted()
    }
}

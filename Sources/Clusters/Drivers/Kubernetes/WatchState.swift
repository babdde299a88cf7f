import Time

/// What to do next to stay in step with a list of objects: list, watch from where the list stood, list again when the
/// server has forgotten that place. A value; the watcher acts.
///
/// Source: Kubernetes API concepts, "Efficient detection of changes"; client-go `reflector.go`.
struct WatchState: Sendable {
    enum Action: Sendable, Equatable {
        case list
        case watch(from: String)
    }

    /// The place in the server's history; `nil`: a list is needed.
    private(set) var version: String?
    private var pause: Backoff

    init(pause: Backoff = .controlPlane) { self.pause = pause }

    var next: Action { version.map { .watch(from: $0) } ?? .list }

    /// A list was taken. The pause goes on growing until a watch has brought something: a server that takes every list and
    /// refuses every watch is not asked in a loop.
    mutating func noteList(version: String?) {
        self.version = version ?? "0"
    }

    /// An event or a bookmark came.
    mutating func note(version: String?) {
        if let version, !version.isEmpty { self.version = version }
        pause.succeeded()
    }

    /// A watch ended in good order: its time was over. It is opened again from where it stood.
    /// - Returns: the pause before that; a server that ends every watch at once is not asked in a loop.
    mutating func noteEnd(using generator: inout some RandomNumberGenerator) -> Duration {
        pause.failed(using: &generator)
    }

    /// The server has forgotten the place, or said something that the watch cannot go on from: a list is needed.
    mutating func noteGone() { version = nil }

    /// There was no answer, or a refusal.
    mutating func noteFailure(using generator: inout some RandomNumberGenerator) -> Duration {
        pause.failed(using: &generator)
    }
}

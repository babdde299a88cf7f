/// Jobs that workers died with, by ticket: they run one after the other, each alone in its batch and marked in the queue
/// before it starts. So one that kills its worker is found out, and those that merely lay beside it are not blamed.
package struct TrialQueue: Sendable {
    private var waiting: [Int] = []
    /// On its way to its run, or running.
    package private(set) var current: Int?

    package init() {}

    package var count: Int { waiting.count }
    var isWaiting: Bool { !waiting.isEmpty }

    mutating func add(_ ticket: Int) { waiting.append(ticket) }

    /// The next one, unless one is under way.
    mutating func next() -> Int? {
        guard current == nil, !waiting.isEmpty else { return nil }
        current = waiting.removeFirst()
        return current
    }

    /// The current one could not be marked; it is the next again.
    mutating func putBack() {
        guard let ticket = current else { return }
        current = nil
        waiting.insert(ticket, at: 0)
    }

    /// - Returns: whether it waited here.
    mutating func remove(_ ticket: Int) -> Bool {
        guard let index = waiting.firstIndex(of: ticket) else { return false }
        waiting.remove(at: index)
        return true
    }

    /// - Returns: whether it was the current one.
    mutating func end(_ ticket: Int) -> Bool {
        guard current == ticket else { return false }
        current = nil
        return true
    }

    mutating func takeWaiting() -> [Int] {
        defer { waiting = [] }
        return waiting
    }
}

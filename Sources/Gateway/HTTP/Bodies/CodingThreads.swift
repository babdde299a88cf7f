import Dispatch
import Synchronization

/// Threads for work on bodies that takes long: so much at once and no more, and never on those that all requests share.
final class CodingThreads: Sendable {
    private let lanes: [DispatchQueue]
    /// Work in each lane.
    private let lengths: Mutex<[Int]>

    /// Work in the shortest lane: what comes now waits for so much.
    var ahead: Int { lengths.withLock { $0.min() ?? 0 } }

    init(count: Int = 2) {
        lanes = (0..<max(count, 1)).map { DispatchQueue(label: "spate.coding.\($0)") }
        lengths = Mutex(Array(repeating: 0, count: lanes.count))
    }

    /// Does `work` in the shortest lane, one after another.
    func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        let lane = lengths.withLock { lengths in
            let shortest = lengths.indices.min { lengths[$0] < lengths[$1] } ?? 0
            lengths[shortest] += 1
            return shortest
        }
        defer { lengths.withLock { $0[lane] -= 1 } }
        return await withCheckedContinuation { continuation in
            lanes[lane].async { continuation.resume(returning: work()) }
        }
    }
}

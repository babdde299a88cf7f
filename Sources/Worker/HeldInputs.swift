import Synchronization
import WorkerCore

/// The bytes of the inputs that a worker holds, over all of its models, counted from any thread.
final class HeldInputs: Sendable {
    private let budget: InputBudget
    private let bytes = Atomic(0)

    init(limit: Int) { budget = InputBudget(limit: limit) }

    func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    /// - Returns: whether this made room where there was none.
    func remove(_ count: Int) -> Bool {
        let (old, new) = bytes.subtract(count, ordering: .relaxed)
        return budget.hasRoom(after: new, before: old)
    }

    /// Returns how many of the `appetite` jobs of a model may be taken that holds `jobs`.
    func allowed(_ appetite: Int, jobs: Int, bytesPerJob: Double?) -> Int {
        budget.allowed(appetite, bytes: bytes.load(ordering: .relaxed), jobs: jobs, bytesPerJob: bytesPerJob)
    }
}

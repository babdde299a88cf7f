import Synchronization

/// Bounds the bytes of all request bodies that the gateway holds at once, with the tensors that were read out of them:
/// from the first byte until the job is at Redis.
final class BodyBudget: Sendable {
    let limit: Int
    private let used = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Bytes held now.
    var held: Int { used.withLock { $0 } }

    /// One request's part; `release` must follow.
    func makeShare() -> Share { Share(self) }

    /// What one request holds. Used by one task.
    final class Share: Sendable {
        private let budget: BodyBudget
        private let bytes = Mutex(0)

        fileprivate init(_ budget: BodyBudget) { self.budget = budget }

        /// - Throws: `noRoom`; nothing was added.
        func add(_ count: Int) throws(RequestBodyError) {
            let held: Int? = budget.used.withLock { used in
                guard used + count <= budget.limit else { return used }
                used += count
                return nil
            }
            if let held { throw .noRoom(held: held, limit: budget.limit) }
            bytes.withLock { $0 += count }
        }

        /// Gives everything back.
        func release() {
            let count = bytes.withLock { bytes in
                defer { bytes = 0 }
                return bytes
            }
            budget.used.withLock { $0 -= count }
        }
    }
}

package import Jobs

/// A write to Redis that only the newest leader may do.
package struct FencedCommand: Sendable, Hashable {
    /// The command and its arguments, as Redis reads them.
    package var words: [String]
    /// Those of its words that are keys.
    package var keys: [String]

    package init(_ words: [String], keys: [String]) {
        self.words = words
        self.keys = keys
    }

    /// A command with one key, its first argument: `SET`, `HSET`, `DEL`, `XADD`, `EXPIRE`, ….
    package init(_ name: String, key: String, _ arguments: String...) {
        self.init([name, key] + arguments, keys: [key])
    }
}

/// Why fenced writes were not done.
package enum FenceError: Error, Sendable, CustomStringConvertible {
    /// The term is not the newest any more, or its lease has ended: nothing was written. Holder and epoch of the newest
    /// one; the holder is empty when nobody leads.
    case deposed(holder: String, epoch: Int64)
    /// Redis did not do it, or it is not known whether it did.
    case failed(QueueError)

    package var description: String {
        switch self {
        case .deposed(let holder, let epoch):
            holder.isEmpty
                ? "this process does not lead any more: its lease has ended (newest epoch \(epoch)); nothing was written"
                : "this process does not lead any more: \(holder) does, with epoch \(epoch); nothing was written"
        case .failed(let error): error.description
        }
    }
}

/// How many jobs one take may ask for, so that its reply stays within a budget of bytes.
///
/// Redis counts entries, not bytes, and counts them for each stream that is read. So the count comes from the largest
/// job seen lately, which is forgotten by an eighth with each take. A reply above what the client reads at all
/// cuts the count to an eighth; every take that succeeds doubles it again. At one job, streams are read one by one.
///
/// | largest job lately | asked for | count, 4 streams, 64 MiB |
/// |---|---|---|
/// | 8 KB | 64 | 64 |
/// | 1 MiB | 64 | 16 |
/// | 64 MiB | 64 | 1 |
struct TakeBudget: Equatable {
    /// Of one take, in memory.
    static let bytes = 64 << 20

    private let bytes: Int
    private var largest = 0
    private var ceiling: Int?

    init(bytes: Int = TakeBudget.bytes) { self.bytes = bytes }

    /// Jobs to ask each of `streams` streams for; at least 1.
    func count(upTo limit: Int, streams: Int) -> Int {
        var count = limit
        if largest > 0 { count = min(count, bytes / max(largest * max(streams, 1), 1)) }
        if let ceiling { count = min(count, ceiling) }
        return max(count, 1)
    }

    /// Whether a read of several streams may still be too large.
    var readsOneByOne: Bool { ceiling == 1 }

    /// Takes note of what came.
    /// - Parameter largest: bytes of the largest job; 0 when none came.
    mutating func note(largest found: Int) {
        largest = max(found, largest - largest / 8)
        guard found > 0, let ceiling else { return }
        self.ceiling = ceiling > 1 << 20 ? nil : ceiling * 2
    }

    /// A reply was larger than what the client reads.
    mutating func refused(count: Int) { ceiling = max(count / 8, 1) }
}

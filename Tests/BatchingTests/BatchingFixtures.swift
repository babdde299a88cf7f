import Batching
import Time

typealias Assembler = BatchAssembler<Int, String>
typealias Item = BatchItem<Int, String>

func makeItem(
    _ id: Int, rows: Int = 1, group: String = "a", priority: Int = 1, at enqueued: Timestamp = .zero,
    deadline: Timestamp? = nil
) -> Item {
    Item(id: id, rows: rows, group: group, priority: priority, enqueued: enqueued, deadline: deadline)
}

/// An assembler that knows the cost `fixed + perRow · rows` for all sizes up to 64.
func makeAssembler(
    fixed: Duration = .microseconds(1_400), perRow: Duration = .microseconds(100), maximumRows: Int = 64,
    maximumDelay: Duration = .zero, instances: Int = 1
) -> Assembler {
    var assembler = Assembler(
        policy: BatchingPolicy(maximumRows: maximumRows, maximumDelay: maximumDelay, instances: instances))
    for rows in [1, 2, 4, 8, 16, 32, 64] { assembler.seed(rows: rows, took: fixed + perRow * rows) }
    return assembler
}

extension Timestamp {
    static func at(_ time: Duration) -> Timestamp { .zero + time }
}

extension Batch {
    var ids: [ID] { entries.map(\.id) }
}

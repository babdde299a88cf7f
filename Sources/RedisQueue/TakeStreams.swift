import Jobs
import NIOCore
import RedisClient

/// The streams that one take reads: what was given back, then the lanes, class by class.
struct TakeStreams {
    private enum Source {
        case pointers(QueueName)
        case lane(QueueName, PriorityClass)
    }

    let keys: [String]
    /// The streams of what was given back.
    let pointers: [String]
    /// The lanes of a class.
    let lanes: [PriorityClass: [String]]
    private let sources: [String: Source]

    init(_ queues: [QueueName], _ names: Keys) {
        var keys: [String] = []
        var sources: [String: Source] = [:]
        func add(_ key: String, _ source: Source) {
            if sources.updateValue(source, forKey: key) == nil { keys.append(key) }
        }
        for queue in queues { add(names.again(queue), .pointers(queue)) }
        for priority in PriorityClass.allCases {
            for queue in queues { add(names.lane(queue, priority), .lane(queue, priority)) }
        }
        self.keys = keys
        pointers = queues.map(names.again)
        lanes = Dictionary(
            uniqueKeysWithValues: PriorityClass.allCases.map { priority in
                (priority, queues.map { names.lane($0, priority) })
            })
        self.sources = sources
    }

    /// What a reply of `XREADGROUP` brings; empty for a null reply.
    func deliveries(in reply: RedisValue) throws(QueueError) -> Deliveries {
        var deliveries = Deliveries()
        guard !reply.isNull else { return deliveries }
        guard let streams = reply.array else { throw QueueError.unexpected(reply, "taking jobs") }
        for stream in streams {
            guard let parts = stream.array, parts.count == 2, let source = parts[0].string.flatMap({ sources[$0] }),
                let entries = parts[1].array
            else { throw QueueError.unexpected(stream, "taking jobs") }
            switch source {
            case .lane(let queue, let priority):
                deliveries.entries += entries.compactMap { LaneEntry($0) }.map {
                    FoundEntry(entry: $0, queue: queue, priority: priority, count: DeliveryCount(raw: 1))
                }
            case .pointers(let queue):
                deliveries.pointers.append((queue, entries.compactMap { pointer($0, in: queue) }))
            }
        }
        return deliveries
    }

    private func pointer(_ value: RedisValue, in queue: QueueName) -> Deliveries.Pointer? {
        guard let parts = value.array, parts.count == 2, let pointer = parts[0].string else { return nil }
        let fields = parts[1].array ?? []
        let text = fields.count == 2 ? fields[1].string : nil
        return (pointer, text.flatMap { Keys.job(pointer: $0, in: queue) })
    }
}

/// An entry in this worker's hands.
struct FoundEntry {
    let entry: LaneEntry
    let queue: QueueName
    let priority: PriorityClass
    let count: DeliveryCount

    var id: JobID { JobID(queue: queue, priority: priority, entry: entry.entry) }

    func with(_ entry: LaneEntry) -> FoundEntry {
        FoundEntry(entry: entry, queue: queue, priority: priority, count: count)
    }
}

/// What one read brought.
struct Deliveries {
    /// A pointer's own id, and the job that it names if it can be read.
    typealias Pointer = (pointer: String, id: JobID?)

    var entries: [FoundEntry] = []
    var pointers: [(queue: QueueName, pointers: [Pointer])] = []

    var isEmpty: Bool { entries.isEmpty && pointers.allSatisfy(\.pointers.isEmpty) }

    var classes: Set<PriorityClass> { Set(entries.lazy.map(\.priority)) }

    mutating func add(_ other: Deliveries) {
        entries += other.entries
        pointers += other.pointers
    }

    /// Bytes of the largest job among the entries.
    var largest: Int { entries.reduce(0) { max($0, $1.entry.size) } }
}

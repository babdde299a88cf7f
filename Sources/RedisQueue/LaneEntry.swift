import Jobs
import NIOCore
import RedisClient
import Wire

/// One entry of a lane as Redis returns it: its id and the encoded job.
struct LaneEntry {
    let entry: EntryID
    /// The encoded job, of a large one once its body was read. `nil` if the entry has no field `j`.
    private(set) var payload: ByteBuffer?
    /// Of a large job: all but its inputs.
    let head: ByteBuffer?
    let body: JobBody?

    /// `nil` if `value` is no stream entry at all.
    init?(_ value: RedisValue) {
        guard let parts = value.array, parts.count == 2, let entry = parts[0].entryID else {
            return nil
        }
        self.init(entry: entry, fields: parts[1])
    }

    init(entry: EntryID, fields: RedisValue) {
        self.entry = entry
        let fields = fields.array ?? []
        var payload: ByteBuffer?
        var head: ByteBuffer?
        var body: JobBody?
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            switch fields[index].string {
            case "j": payload = fields[index + 1].bytes
            case "h": head = fields[index + 1].bytes
            case "b": body = fields[index + 1].string.flatMap { JobBody($0) }
            default: break
            }
        }
        self.payload = payload
        self.head = head
        self.body = body
    }

    /// The same with its body.
    func with(body: ByteBuffer?) -> LaneEntry {
        var entry = self
        entry.payload = body
        return entry
    }

    /// Bytes of the encoded job, wherever they lie.
    var size: Int { body?.size ?? payload?.readableBytes ?? 0 }

    func decode(in queue: QueueName, _ priority: PriorityClass) throws(QueueError) -> Job {
        guard let payload else {
            let lack = body == nil ? "has no field 'j'" : "has lost its inputs"
            throw QueueError(.malformed, "the entry \(entry) \(lack)")
        }
        do {
            return try JobWire.decode(payload, queue: queue, priority: priority)
        } catch {
            throw QueueError(.malformed, "the entry \(entry) cannot be read: \(error)")
        }
    }

    /// The job without its inputs, where the reason why it cannot be read does not matter.
    func job(in queue: QueueName, _ priority: PriorityClass) -> Job? {
        guard let bytes = payload ?? head else { return nil }
        do throws(WireError) {
            return try JobWire.decode(bytes, queue: queue, priority: priority)
        } catch {
            return nil
        }
    }
}

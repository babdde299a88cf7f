import Jobs
import NIOCore
import RedisClient
import Wire

/// One entry of a lane as Redis returns it: its id and the encoded job.
struct LaneEntry {
    let entry: EntryID
    /// `nil` if the entry has no field `j`: something else wrote it.
    let payload: ByteBuffer?

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
        for index in stride(from: 0, to: fields.count - 1, by: 2) where fields[index].string == "j" {
            payload = fields[index + 1].bytes
        }
        self.payload = payload
    }

    func decode(in queue: QueueName, _ priority: PriorityClass) throws(QueueError) -> Job {
        guard let payload else { throw QueueError(.malformed, "the entry \(entry) has no field 'j'") }
        do {
            return try JobWire.decode(payload, queue: queue, priority: priority)
        } catch {
            throw QueueError(.malformed, "the entry \(entry) cannot be read: \(error)")
        }
    }

    /// The job, where the reason why it cannot be read does not matter.
    func job(in queue: QueueName, _ priority: PriorityClass) -> Job? {
        do throws(QueueError) { return try decode(in: queue, priority) } catch { return nil }
    }
}

import Jobs
import NIOCore
import RedisClient
import Wire

// Jobs and outcomes in the wire's form; what it cannot carry is an error of the queue.

/// The bytes of the encoded job.
func encodedSize(of job: Job) throws(QueueError) -> Int {
    do throws(WireLimitError) {
        return try JobWire.size(of: job)
    } catch {
        throw QueueError(notCarried: error, job)
    }
}

extension ByteBuffer {
    mutating func write(_ job: Job) throws(QueueError) {
        do throws(WireLimitError) {
            try JobWire.encode(job, into: &self)
        } catch {
            throw QueueError(notCarried: error, job)
        }
    }

    /// - Throws: `tooLarge`: another outcome has to be stored in its place.
    mutating func write(_ outcome: Outcome) throws(QueueError) {
        do throws(WireLimitError) {
            try OutcomeWire.encode(outcome, into: &self)
        } catch {
            throw QueueError(.tooLarge, "the outcome of job \(outcome.id): \(error)")
        }
    }
}

extension RedisCommand {
    /// Appends the job as it lies in Redis, without a copy of its own.
    mutating func append(_ job: Job, size: Int) throws(QueueError) {
        try append(size: size) { (buffer) throws(QueueError) in try buffer.write(job) }
    }
}

extension QueueError {
    fileprivate init(notCarried error: WireLimitError, _ job: Job) {
        self.init(.notCarried, "the request to model '\(job.queue.model)' cannot be queued: \(error)")
    }
}

extension ReplyFrame {
    static func queued(_ id: JobID, stored bytes: ByteBuffer) throws(QueueError) -> ByteBuffer {
        do throws(WireLimitError) {
            return try encode(id, stored: bytes)
        } catch {
            throw QueueError(.tooLarge, "the outcome of job \(id): \(error)")
        }
    }
}

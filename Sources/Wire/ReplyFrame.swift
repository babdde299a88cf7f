package import Jobs
package import NIOCore

/// What is pushed to a waiting gateway: an outcome, or, in place of a large one, the job whose stored outcome it is.
///
/// A reference is the byte 128, which no outcome begins with, and the job's id as a string.
package enum ReplyFrame: Sendable {
    case outcome(Outcome)
    case reference(JobID)

    private static let referenceMark: UInt8 = 128
    /// Encoded outcomes above this are referred to: they would hold up those behind them, and lie in Redis twice.
    package static let inlineLimit = 64 << 10

    /// The frame for an outcome that is stored as `bytes`.
    package static func encode(_ id: JobID, stored bytes: ByteBuffer) throws(WireLimitError) -> ByteBuffer {
        guard bytes.readableBytes > inlineLimit else { return bytes }
        var buffer = ByteBuffer()
        buffer.writeInteger(referenceMark)
        try buffer.writeShortString(id.description, "the job's id")
        return buffer
    }

    package static func decode(_ buffer: ByteBuffer) throws(WireError) -> ReplyFrame {
        guard buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) == referenceMark else {
            return .outcome(try OutcomeWire.decode(buffer))
        }
        var reader = ByteReader(buffer)
        _ = try reader.integer("the mark", as: UInt8.self)
        let text = try reader.string("the job's id")
        guard let id = JobID(text) else { throw WireError("'\(text)' is no job id") }
        guard reader.isAtEnd else { throw WireError("bytes follow the end of the reference") }
        return .reference(id)
    }
}

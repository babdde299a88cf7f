package import Jobs
package import NIOCore
import Time

/// A job as it lies in a lane's stream entry; little-endian, version first.
///
/// | field | type |
/// |---|---|
/// | version | `UInt8`, 1 |
/// | flags | `UInt8`: 1 tenant, 2 deadline, 4 reply address |
/// | submitted | `Int64` µs |
/// | retention | `Int64` µs |
/// | deadline | `Int64` µs, if flagged |
/// | gateway, token | string, `UInt64`, if flagged |
/// | tenant | string, if flagged |
/// | echo | `UInt16` length, bytes |
/// | requested outputs | `UInt16` count, strings |
/// | inputs | `TensorWire` |
///
/// The queue and the class are not in it: they are the key that holds it. A string is a `UInt16` length and UTF-8.
package enum JobWire {
    private static let version: UInt8 = 1
    private static let hasTenant: UInt8 = 1
    private static let hasDeadline: UInt8 = 2
    private static let hasReplyAddress: UInt8 = 4
    private static let knownFlags = hasTenant | hasDeadline | hasReplyAddress

    /// Appends `job` to `buffer`. One allocation at most; the tensors' bytes are copied once.
    package static func encode(_ job: Job, into buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: size(of: job))
        buffer.writeInteger(version)
        var flags: UInt8 = 0
        if job.tenant != nil { flags |= hasTenant }
        if job.deadline != nil { flags |= hasDeadline }
        if job.replyTo != nil { flags |= hasReplyAddress }
        buffer.writeInteger(flags)
        buffer.writeInteger(job.submitted.microseconds, endianness: .little)
        buffer.writeInteger(job.retention.wholeMicroseconds, endianness: .little)
        if let deadline = job.deadline { buffer.writeInteger(deadline.microseconds, endianness: .little) }
        if let address = job.replyTo { buffer.writeReplyAddress(address) }
        if let tenant = job.tenant { buffer.writeShortString(tenant) }
        buffer.writeEcho(job.echo)
        buffer.writeInteger(UInt16(clamping: job.requestedOutputs.count), endianness: .little)
        for name in job.requestedOutputs { buffer.writeShortString(name) }
        TensorWire.encode(job.inputs, into: &buffer)
    }

    /// The job in `buffer`, whose tensors are slices of it.
    package static func decode(
        _ buffer: ByteBuffer, queue: QueueName, priority: PriorityClass
    ) throws(WireError) -> Job {
        var reader = ByteReader(buffer)
        let found = try reader.integer("the version", as: UInt8.self)
        guard found == version else {
            throw WireError("the job has format \(found), this version of Spate reads format \(version)")
        }
        let flags = try reader.integer("the flags", as: UInt8.self)
        guard flags & ~knownFlags == 0 else { throw WireError("the job has flags that are not known: \(flags)") }
        let submitted = Timestamp(microseconds: try reader.integer("the submit time"))
        let retention = Duration.microseconds(try reader.integer("the retention", as: Int64.self))
        let deadline: Timestamp? =
            flags & hasDeadline == 0 ? nil : Timestamp(microseconds: try reader.integer("the deadline"))
        let replyTo = flags & hasReplyAddress == 0 ? nil : try reader.replyAddress()
        let tenant = flags & hasTenant == 0 ? nil : try reader.string("the tenant")
        let echo = try reader.echo()
        let count = Int(try reader.integer("the number of requested outputs", as: UInt16.self))
        var outputs: [String] = []
        for _ in 0..<count { outputs.append(try reader.string("a requested output")) }
        let inputs = try TensorWire.decode(&reader)
        guard reader.isAtEnd else { throw WireError("bytes follow the end of the job") }
        return Job(
            queue: queue, priority: priority, tenant: tenant, submitted: submitted, deadline: deadline,
            replyTo: replyTo, retention: retention, echo: echo, inputs: inputs, requestedOutputs: outputs)
    }

    /// The bytes that `encode` writes.
    package static func size(of job: Job) -> Int {
        var size = 18 + (job.deadline == nil ? 0 : 8) + (job.tenant?.wireSize ?? 0)
        if let address = job.replyTo { size += address.gateway.wireSize + 8 }
        size += 2 + min(job.echo.readableBytes, Int(UInt16.max)) + 2
        return job.requestedOutputs.reduce(size) { $0 + $1.wireSize } + TensorWire.size(of: job.inputs)
    }
}

extension ByteBuffer {
    mutating func writeReplyAddress(_ address: ReplyAddress) {
        writeShortString(address.gateway)
        writeInteger(address.token, endianness: .little)
    }

    /// At most 65,535 bytes; a gateway's echo is far smaller.
    mutating func writeEcho(_ echo: ByteBuffer) {
        let slice =
            echo.getSlice(at: echo.readerIndex, length: min(echo.readableBytes, Int(UInt16.max))) ?? ByteBuffer()
        writeInteger(UInt16(clamping: slice.readableBytes), endianness: .little)
        writeImmutableBuffer(slice)
    }
}

extension ByteReader {
    mutating func replyAddress() throws(WireError) -> ReplyAddress {
        ReplyAddress(gateway: try string("the gateway's name"), token: try integer("the reply token"))
    }

    mutating func echo() throws(WireError) -> ByteBuffer {
        let length = Int(try integer("the echo's length", as: UInt16.self))
        return try slice("the echo", length: length)
    }
}

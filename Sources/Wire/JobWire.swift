package import Jobs
package import NIOCore
import Time

/// A job as it lies in a lane's stream entry; little-endian, version first.
///
/// | field | type |
/// |---|---|
/// | version | `UInt8`, 2; 1 is read too: there the tensors are packed |
/// | flags | `UInt8`: 1 tenant, 2 deadline, 4 reply address |
/// | submitted | `Int64` µs |
/// | retention | `Int64` µs |
/// | deadline | `Int64` µs, if flagged |
/// | gateway, token | string, `UInt64`, if flagged |
/// | tenant | string, if flagged |
/// | echo | `UInt16` length, bytes |
/// | requested outputs | `UInt16` count, strings |
/// | inputs | `TensorWire`, aligned |
///
/// The queue and the class are not in it: they are the key that holds it. A string is a `UInt16` length and UTF-8.
package enum JobWire {
    /// Written; the ones before are read.
    private static let version: UInt8 = 2
    private static let hasTenant: UInt8 = 1
    private static let hasDeadline: UInt8 = 2
    private static let hasReplyAddress: UInt8 = 4
    private static let knownFlags = hasTenant | hasDeadline | hasReplyAddress

    /// Appends `job` to `buffer`. One allocation at most; the tensors' bytes are copied once.
    ///
    /// - Throws: when a field is larger than the format holds; then nothing of use is in `buffer`.
    package static func encode(_ job: Job, into buffer: inout ByteBuffer) throws(WireLimitError) {
        buffer.reserveCapacity(minimumWritableBytes: try size(of: job))
        let start = buffer.writerIndex
        buffer.writeInteger(version)
        var flags: UInt8 = 0
        if job.tenant != nil { flags |= hasTenant }
        if job.deadline != nil { flags |= hasDeadline }
        if job.replyTo != nil { flags |= hasReplyAddress }
        buffer.writeInteger(flags)
        buffer.writeInteger(job.submitted.microseconds, endianness: .little)
        buffer.writeInteger(job.retention.wholeMicroseconds, endianness: .little)
        if let deadline = job.deadline { buffer.writeInteger(deadline.microseconds, endianness: .little) }
        if let address = job.replyTo { try buffer.writeReplyAddress(address) }
        if let tenant = job.tenant { try buffer.writeShortString(tenant, "the tenant") }
        try buffer.writeEcho(job.echo)
        buffer.writeInteger(
            try WireLimit.value("the number of requested outputs", job.requestedOutputs.count, as: UInt16.self),
            endianness: .little)
        for name in job.requestedOutputs { try buffer.writeShortString(name, "the name of a requested output") }
        try TensorWire.encode(job.inputs, into: &buffer, from: start, .aligned)
    }

    /// The job in `buffer`, whose tensors are slices of it.
    package static func decode(
        _ buffer: ByteBuffer, queue: QueueName, priority: PriorityClass
    ) throws(WireError) -> Job {
        var reader = ByteReader(buffer)
        let found = try reader.integer("the version", as: UInt8.self)
        guard let layout = layout(of: found) else {
            throw WireError("the job has format \(found), this version of Spate reads formats 1 to \(version)")
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
        let inputs = try TensorWire.decode(&reader, layout)
        guard reader.isAtEnd else { throw WireError("bytes follow the end of the job") }
        return Job(
            queue: queue, priority: priority, tenant: tenant, submitted: submitted, deadline: deadline,
            replyTo: replyTo, retention: retention, echo: echo, inputs: inputs, requestedOutputs: outputs)
    }

    /// The bytes that `encode` writes.
    ///
    /// - Throws: what `encode` would.
    package static func size(of job: Job) throws(WireLimitError) -> Int {
        var size = 18 + (job.deadline == nil ? 0 : 8)
        if let tenant = job.tenant { size += try WireLimit.size("the tenant", tenant) }
        if let address = job.replyTo { size += try WireLimit.size("the gateway's name", address.gateway) + 8 }
        size += 2 + Int(try WireLimit.value("the echo", job.echo.readableBytes, as: UInt16.self)) + 2
        for name in job.requestedOutputs { size += try WireLimit.size("the name of a requested output", name) }
        _ = try WireLimit.value("the number of requested outputs", job.requestedOutputs.count, as: UInt16.self)
        return try TensorWire.end(of: job.inputs, from: size, .aligned)
    }

    private static func layout(of version: UInt8) -> TensorWire.Layout? {
        switch version {
        case 1: .packed
        case Self.version: .aligned
        default: nil
        }
    }
}

extension ByteBuffer {
    mutating func writeReplyAddress(_ address: ReplyAddress) throws(WireLimitError) {
        try writeShortString(address.gateway, "the gateway's name")
        writeInteger(address.token, endianness: .little)
    }

    /// - Throws: for more than 65,535 bytes; a gateway's echo is far smaller.
    mutating func writeEcho(_ echo: ByteBuffer) throws(WireLimitError) {
        writeInteger(
            try WireLimit.value("the echo", echo.readableBytes, as: UInt16.self), endianness: .little)
        writeImmutableBuffer(echo)
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

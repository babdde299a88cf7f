package import Jobs
package import NIOCore
import Tensors
import Time

/// An outcome as it is stored and as it is sent to a waiting gateway; little-endian, version first.
///
/// | field | type |
/// |---|---|
/// | version | `UInt8`, 1 |
/// | ending | `UInt8`: 1 finished, 2 failed, 3 expired, 4 cancelled |
/// | flags | `UInt8`: 4 reply address |
/// | job id | string |
/// | gateway, token | string, `UInt64`, if flagged |
/// | echo | `UInt16` length, bytes |
/// | submitted, settled | `Int64` µs each |
/// | queue wait, batch wait, compute | `Int64` µs each |
/// | batch rows, attempt | `UInt32` each |
/// | worker | string |
/// | finished: outputs | `TensorWire`, packed |
/// | failed: code, attempts, message | `UInt8`, `UInt32`, string, cut at 65,535 bytes |
/// | cancelled: reason | string, cut likewise |
package enum OutcomeWire {
    private static let version: UInt8 = 1
    private static let hasReplyAddress: UInt8 = 4

    private enum Code: UInt8 {
        case finished = 1
        case failed = 2
        case expired = 3
        case cancelled = 4
    }

    /// Appends `outcome` to `buffer`. One allocation at most; the tensors' bytes are copied once.
    ///
    /// - Throws: when a field is larger than the format holds; then nothing of use is in `buffer`.
    package static func encode(_ outcome: Outcome, into buffer: inout ByteBuffer) throws(WireLimitError) {
        let id = outcome.id.description
        buffer.reserveCapacity(minimumWritableBytes: try size(of: outcome, id: id))
        let start = buffer.writerIndex
        buffer.writeInteger(version)
        buffer.writeInteger(code(outcome.ending).rawValue)
        buffer.writeInteger(outcome.replyTo == nil ? 0 : hasReplyAddress)
        try buffer.writeShortString(id, "the job's id")
        if let address = outcome.replyTo { try buffer.writeReplyAddress(address) }
        try buffer.writeEcho(outcome.echo)
        let run = outcome.run
        buffer.writeInteger(run.submitted.microseconds, endianness: .little)
        buffer.writeInteger(run.settled.microseconds, endianness: .little)
        for wait in [run.queueWait, run.batchWait, run.compute] {
            buffer.writeInteger(wait.wholeMicroseconds, endianness: .little)
        }
        buffer.writeInteger(
            try WireLimit.value("the batch size", run.batchRows, as: UInt32.self), endianness: .little)
        buffer.writeInteger(try WireLimit.value("the attempt", run.attempt, as: UInt32.self), endianness: .little)
        try buffer.writeShortString(run.worker, "the worker")
        switch outcome.ending {
        case .finished(let outputs): try TensorWire.encode(outputs, into: &buffer, from: start, .packed)
        case .failed(let failure):
            buffer.writeInteger(failure.code.rawValue)
            buffer.writeInteger(
                try WireLimit.value("the attempts", failure.attempts, as: UInt32.self), endianness: .little)
            buffer.writeCutString(failure.message)
        case .expired: break
        case .cancelled(let reason): buffer.writeCutString(reason)
        }
    }

    /// The outcome in `buffer`, whose tensors are slices of it.
    package static func decode(_ buffer: ByteBuffer) throws(WireError) -> Outcome {
        var reader = ByteReader(buffer)
        let found = try reader.integer("the version", as: UInt8.self)
        guard found == version else {
            throw WireError("the outcome has format \(found), this version of Spate reads format \(version)")
        }
        let rawCode = try reader.integer("the ending", as: UInt8.self)
        guard let code = Code(rawValue: rawCode) else { throw WireError("ending \(rawCode) is not known") }
        let flags = try reader.integer("the flags", as: UInt8.self)
        guard flags & ~hasReplyAddress == 0 else {
            throw WireError("the outcome has flags that are not known: \(flags)")
        }
        let text = try reader.string("the job's id")
        guard let id = JobID(text) else { throw WireError("'\(text)' is no job id") }
        let replyTo = flags & hasReplyAddress == 0 ? nil : try reader.replyAddress()
        let echo = try reader.echo()
        let run = try reader.runRecord()
        let ending: Outcome.Ending =
            switch code {
            case .finished: .finished(try TensorWire.decode(&reader, .packed))
            case .failed: .failed(try reader.failure())
            case .expired: .expired
            case .cancelled: .cancelled(reason: try reader.string("the reason"))
            }
        guard reader.isAtEnd else { throw WireError("bytes follow the end of the outcome") }
        return Outcome(id: id, replyTo: replyTo, echo: echo, ending: ending, run: run)
    }

    /// The bytes that `encode` writes, at most.
    private static func size(of outcome: Outcome, id: String) throws(WireLimitError) -> Int {
        var size = 67 + id.utf8.count + outcome.echo.readableBytes + outcome.run.worker.utf8.count
        if let address = outcome.replyTo { size += 2 + address.gateway.utf8.count }
        switch outcome.ending {
        case .finished(let outputs): return try TensorWire.end(of: outputs, from: size, .packed)
        case .failed(let failure): return size + 7 + failure.message.cutCount
        case .expired: return size
        case .cancelled(let reason): return size + 2 + reason.cutCount
        }
    }

    private static func code(_ ending: Outcome.Ending) -> Code {
        switch ending {
        case .finished: .finished
        case .failed: .failed
        case .expired: .expired
        case .cancelled: .cancelled
        }
    }
}

extension String {
    /// Its bytes, at most 65,535.
    fileprivate var cutCount: Int { min(utf8.count, Int(UInt16.max)) }
}

extension ByteBuffer {
    /// A text for people: to cut it changes no job.
    fileprivate mutating func writeCutString(_ text: String) {
        writeInteger(UInt16(clamping: text.cutCount), endianness: .little)
        writeBytes(text.utf8.prefix(text.cutCount))
    }
}

extension ByteReader {
    fileprivate mutating func runRecord() throws(WireError) -> RunRecord {
        let submitted = Timestamp(microseconds: try integer("the submit time"))
        let settled = Timestamp(microseconds: try integer("the settle time"))
        let queueWait = Duration.microseconds(try integer("the queue wait", as: Int64.self))
        let batchWait = Duration.microseconds(try integer("the batch wait", as: Int64.self))
        let compute = Duration.microseconds(try integer("the compute time", as: Int64.self))
        let batchRows = Int(try integer("the batch size", as: UInt32.self))
        let attempt = Int(try integer("the attempt", as: UInt32.self))
        return RunRecord(
            submitted: submitted, settled: settled, queueWait: queueWait, batchWait: batchWait, compute: compute,
            batchRows: batchRows, worker: try string("the worker"), attempt: attempt)
    }

    fileprivate mutating func failure() throws(WireError) -> JobFailure {
        let rawCode = try integer("the failure's code", as: UInt8.self)
        guard let code = JobFailure.Code(rawValue: rawCode) else {
            throw WireError("failure code \(rawCode) is not known")
        }
        let attempts = Int(try integer("the attempts", as: UInt32.self))
        return JobFailure(code: code, message: try string("the failure's message"), attempts: attempts)
    }
}

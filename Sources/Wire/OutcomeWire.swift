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
/// | finished: outputs | `TensorWire` |
/// | failed: code, attempts, message | `UInt8`, `UInt32`, string |
/// | cancelled: reason | string |
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
    package static func encode(_ outcome: Outcome, into buffer: inout ByteBuffer) {
        let id = outcome.id.description
        buffer.reserveCapacity(minimumWritableBytes: size(of: outcome, id: id))
        buffer.writeInteger(version)
        buffer.writeInteger(code(outcome.ending).rawValue)
        buffer.writeInteger(outcome.replyTo == nil ? 0 : hasReplyAddress)
        buffer.writeShortString(id)
        if let address = outcome.replyTo { buffer.writeReplyAddress(address) }
        buffer.writeEcho(outcome.echo)
        let run = outcome.run
        buffer.writeInteger(run.submitted.microseconds, endianness: .little)
        buffer.writeInteger(run.settled.microseconds, endianness: .little)
        for wait in [run.queueWait, run.batchWait, run.compute] {
            buffer.writeInteger(wait.wholeMicroseconds, endianness: .little)
        }
        buffer.writeInteger(UInt32(clamping: run.batchRows), endianness: .little)
        buffer.writeInteger(UInt32(clamping: run.attempt), endianness: .little)
        buffer.writeShortString(run.worker)
        switch outcome.ending {
        case .finished(let outputs): TensorWire.encode(outputs, into: &buffer)
        case .failed(let failure):
            buffer.writeInteger(failure.code.rawValue)
            buffer.writeInteger(UInt32(clamping: failure.attempts), endianness: .little)
            buffer.writeShortString(failure.message)
        case .expired: break
        case .cancelled(let reason): buffer.writeShortString(reason)
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
            case .finished: .finished(try TensorWire.decode(&reader))
            case .failed: .failed(try reader.failure())
            case .expired: .expired
            case .cancelled: .cancelled(reason: try reader.string("the reason"))
            }
        guard reader.isAtEnd else { throw WireError("bytes follow the end of the outcome") }
        return Outcome(id: id, replyTo: replyTo, echo: echo, ending: ending, run: run)
    }

    /// The bytes that `encode` writes, at most.
    private static func size(of outcome: Outcome, id: String) -> Int {
        let ending =
            switch outcome.ending {
            case .finished(let outputs): TensorWire.size(of: outputs)
            case .failed(let failure): 5 + failure.message.wireSize
            case .expired: 0
            case .cancelled(let reason): reason.wireSize
            }
        return 61 + id.wireSize + (outcome.replyTo?.gateway.wireSize ?? 0) + outcome.echo.readableBytes
            + outcome.run.worker.wireSize + ending
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

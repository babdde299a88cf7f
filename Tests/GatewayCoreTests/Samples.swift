import GatewayCore
import Jobs
import NIOCore
import Testing
import Time

enum Samples {
    static func job(_ number: UInt64 = 1) throws -> JobID {
        JobID(
            queue: try #require(QueueName(model: "m", version: "1")), priority: .normal,
            entry: EntryID(milliseconds: number, sequence: 0))
    }

    static func outcome(_ job: JobID, for token: CallToken?) -> Outcome {
        Outcome(
            id: job, replyTo: token.map { ReplyAddress(gateway: "g", token: $0.rawValue) }, echo: ByteBuffer(),
            ending: .expired, run: RunRecord(submitted: .zero, settled: .zero, worker: "w"))
    }

    static func terms(
        _ timeout: Duration = .seconds(20), deadline: Duration? = nil, isRepeatable: Bool = false
    ) -> CallTerms {
        CallTerms(timeout: timeout, deadline: deadline, isRepeatable: isRepeatable, retention: .seconds(600))
    }

    static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(microseconds: milliseconds * 1_000) }
}

import ArgumentParser
import Foundation
import Jobs
import RedisQueue
import Scaler
import Settings
import Time
import UnixSignals

/// `spate record`
struct Record: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write arrivals to a file that `spate simulate --trace` reads.",
        discussion: """
            Either what comes from now on, second by second, for --for or until Ctrl-C; or, with --since, what the scaler
            has counted, minute by minute, in the last 36 days. A .csv file holds all models together; any other holds
            JSON lines by model.
            """)

    @OptionGroup var options: OperatorOptions
    @Option(help: "The file.") var out: String
    @Option(name: .customLong("for"), help: "How long to record, with its unit.") var span: DurationArgument?
    @Option(help: "Write the recorded past from that moment on: 08:30, 2026-06-01T08:30:00Z, or 24h (ago).")
    var since: String?
    @Option(help: "Up to that moment, with --since.") var to: String?

    func validate() throws {
        guard since == nil || span == nil else {
            throw ValidationError("--since writes the past, --for the time to come")
        }
        guard to == nil || since != nil else { throw ValidationError("--to belongs to --since") }
    }

    func run() async throws {
        let format: TraceLines.Format = out.hasSuffix(".csv") ? .csv : .jsonl
        let path = out
        let query = OperatorQuery(["since": since ?? "", "to": to ?? ""])
        let isPast = since != nil
        let span = span?.duration
        let done = try await options.use { desk, observer in
            let file = try RecordFile(path)
            return isPast
                ? try await Self.past(desk, query, format, to: file)
                : try await Self.live(desk, observer, format, span, to: file)
        }
        try Terminal.result("\(path): \(done)")
    }

    private static func past(
        _ desk: OperatorDesk, _ query: OperatorQuery, _ format: TraceLines.Format, to file: RecordFile
    ) async throws -> String {
        let span = try query.span(now: desk.now, default: .seconds(86_400))
        let first = Timestamp(microseconds: span.from.microseconds / 60_000_000 * 60_000_000)
        let arrivals = try await desk.arrivals(from: first, to: span.to)
        let lines = TraceLines(format, step: .seconds(60), start: first)
        let minutes = arrivals.values.map(\.count).max() ?? 0
        var total = 0
        var unseen = 0
        try file.write(lines.header)
        for minute in 0..<minutes {
            let counts = arrivals.compactMapValues { $0.indices.contains(minute) ? $0[minute] : nil }
            if counts.isEmpty { unseen += 1 }
            total += counts.values.reduce(0, +)
            try file.write(lines.lines(minute, counts))
        }
        try file.write(lines.footer(minutes))
        let gap = unseen > 0 ? "; in \(unseen) of them no scaler looked, which counts as no arrivals" : ""
        return "\(total) arrivals in \(minutes) minutes\(gap)"
    }

    /// Until the time is over, or Ctrl-C or SIGTERM comes; the file is complete either way.
    private static func live(
        _ desk: OperatorDesk, _ observer: RedisQueueObserver, _ format: TraceLines.Format, _ span: Duration?,
        to file: RecordFile
    ) async throws -> String {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            group.addTask { try await sample(desk, observer, format, span, to: file) }
            let first = try await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            return try await group.next().flatMap { $0 } ?? ""
        }
    }

    private static func sample(
        _ desk: OperatorDesk, _ observer: RedisQueueObserver, _ format: TraceLines.Format, _ span: Duration?,
        to file: RecordFile
    ) async throws -> String {
        let queues = desk.settings.models.compactMap(\.queue)
        let lines = TraceLines(format, step: .seconds(1), start: desk.now)
        try file.write(lines.header)
        var submitted = try await observer.snapshot(of: queues).mapValues(\.submitted)
        let clock = ContinuousClock()
        let began = clock.now
        let steps = span.map { max(Int($0.seconds.rounded(.up)), 1) } ?? .max
        var total = 0
        var step = 0
        while step < steps {
            // Cancelled by a signal; what was recorded until then counts.
            try? await clock.sleep(until: began + .seconds(step + 1))
            let isLast = Task.isCancelled
            let now = try await observer.snapshot(of: queues).mapValues(\.submitted)
            let arrivals = Dictionary(
                queues.map { ($0, max((now[$0] ?? 0) - (submitted[$0] ?? 0), 0)) },
                uniquingKeysWith: { first, _ in first })
            submitted = now
            try file.write(lines.lines(step, arrivals))
            total += arrivals.values.reduce(0, +)
            step += 1
            if isLast { break }
        }
        try file.write(lines.footer(step))
        return "\(total) arrivals in \(step) s"
    }
}

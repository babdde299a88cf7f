import Reports
import Glibc
import Time
package import Traffic

/// Shows a run while it goes: on a terminal as many lines as its width needs, drawn over; elsewhere a line every five
/// seconds.
package actor LiveDisplay {
    private let descriptor: Int32
    private let isTerminal: Bool
    private let duration: Duration
    private let clock: Clock?
    private var lastLine: Duration?
    /// Lines that stand on the terminal and are drawn over by the next ones.
    private var openLines = 0

    /// The profile's clock, shown beside the run's.
    package struct Clock: Sendable {
        package var start: Duration
        package var speed: Double

        package init(start: Duration, speed: Double) {
            self.start = start
            self.speed = speed
        }
    }

    /// - Parameters:
    ///   - descriptor: Where to write, usually standard error.
    ///   - duration: How long calls are sent; the bar is full then.
    package init(descriptor: Int32, duration: Duration, clock: Clock? = nil) {
        self.descriptor = descriptor
        self.isTerminal = isatty(descriptor) == 1
        self.duration = duration
        self.clock = clock
    }

    package func show(_ progress: TrafficProgress) {
        if isTerminal {
            let lines = Self.packed(
                Self.parts(progress, duration: duration, clock: clock, bar: 16), width: Self.width(of: descriptor) - 1)
            draw(lines)
        } else if lastLine.map({ progress.elapsed - $0 >= .seconds(5) }) ?? true {
            lastLine = progress.elapsed
            write(Self.line(progress, duration: duration, clock: clock, bar: nil) + "\n")
        }
    }

    /// Ends the line, so that what follows starts on one of its own.
    package func finish() {
        if openLines > 0 { write("\n") }
        openLines = 0
    }

    /// From the first open line on; what stood there and is longer goes.
    private func draw(_ lines: [String]) {
        let up = openLines > 1 ? "\u{1B}[\(openLines - 1)A" : ""
        write("\r" + up + lines.joined(separator: "\u{1B}[K\n") + "\u{1B}[J")
        openLines = lines.count
    }

    /// As many parts in a line as `width` takes; a part that is longer than a line is cut.
    package static func packed(_ parts: [String], width: Int) -> [String] {
        var lines: [String] = []
        for part in parts {
            let part = part.count > width ? part.prefix(max(width - 1, 0)) + "…" : part[...]
            if let last = lines.last, last.count + 3 + part.count <= width {
                lines[lines.count - 1] = last + " | " + part
            } else {
                lines.append(String(part))
            }
        }
        return lines
    }

    /// One line about a run.
    ///
    /// - Parameter bar: Columns of the progress bar; `nil`: none.
    package static func line(_ progress: TrafficProgress, duration: Duration, clock: Clock?, bar: Int?) -> String {
        parts(progress, duration: duration, clock: clock, bar: bar).joined(separator: " | ")
    }

    private static func parts(
        _ progress: TrafficProgress, duration: Duration, clock: Clock?, bar: Int?
    ) -> [String] {
        let share = min(1, progress.elapsed.seconds / max(duration.seconds, 0.001))
        var parts: [String] = []
        var head = ""
        if let clock {
            let moment = clock.start.seconds + min(progress.elapsed.seconds, duration.seconds) * clock.speed
            head += Figures.timeOfDay(moment, showsSeconds: clock.speed < 10) + " "
        }
        if let bar {
            let full = Int(share * Double(bar))
            head += String(repeating: "█", count: full) + String(repeating: "░", count: bar - full) + " "
        }
        let left = duration.seconds - progress.elapsed.seconds
        head +=
            left > 0
            ? "\(Figures.share(share)), \(Figures.decimal(left, 0)) s left"
            : "waiting for \(Figures.count(progress.counts.open)) answers"
        parts.append(head)
        parts.append(
            "in \(Figures.count(progress.arrivalsPerSecond))/s out \(Figures.count(progress.completionsPerSecond))/s")
        if let sample = progress.sample {
            parts.append("backlog \(Figures.count(sample.waiting + sample.due))")
            var workers = "workers \(sample.ready)"
            if sample.starting > 0 { workers += " +\(sample.starting) starting" }
            if sample.draining > 0 { workers += " -\(sample.draining) draining" }
            parts.append(workers)
        } else {
            parts.append("open \(Figures.count(progress.counts.open))")
        }
        if let recent = progress.recent {
            parts.append(
                "last \(TrafficRecorder.intervalSeconds) s: p50 \(Figures.duration(recent.p50.seconds)) p95 \(Figures.duration(recent.p95.seconds)) p99 \(Figures.duration(recent.p99.seconds))"
            )
        }
        if let troubles = troubles(progress) { parts.append(troubles) }
        return parts
    }

    /// What went wrong so far, and why the newest of it did.
    private static func troubles(_ progress: TrafficProgress) -> String? {
        let counts = progress.counts
        let kinds = [
            (counts.lost, "lost"), (counts.duplicated, "duplicated"), (counts.wrong, "wrong"),
            (counts.failed, "failed"), (counts.unanswered, "unanswered"),
        ].filter { $0.0 > 0 }.map { "\(Figures.count($0.0)) \($0.1)" }.joined(separator: ", ")
        guard let reason = progress.newestReason else { return kinds.isEmpty ? nil : kinds }
        return kinds.isEmpty ? "tried again: \(reason)" : "\(kinds): \(reason)"
    }

    private func write(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // A terminal that is gone is no reason to end the run.
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 120 }
        return Int(size.ws_col)
    }
}

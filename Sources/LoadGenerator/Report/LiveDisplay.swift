import Reports
import Glibc
import Time
package import Traffic

/// Shows a run while it goes: one line that is drawn over on a terminal, a line every five seconds elsewhere.
package actor LiveDisplay {
    private let descriptor: Int32
    private let isTerminal: Bool
    private let duration: Duration
    private let clock: Clock?
    private var lastLine: Duration?
    private var isOpen = false

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
            let width = Self.width(of: descriptor)
            write("\r" + Self.line(progress, duration: duration, clock: clock, bar: 16).prefix(width - 1) + "\u{1B}[K")
            isOpen = true
        } else if lastLine.map({ progress.elapsed - $0 >= .seconds(5) }) ?? true {
            lastLine = progress.elapsed
            write(Self.line(progress, duration: duration, clock: clock, bar: nil) + "\n")
        }
    }

    /// Ends the line, so that what follows starts on one of its own.
    package func finish() {
        if isOpen { write("\n") }
        isOpen = false
    }

    /// One line about a run.
    ///
    /// - Parameter bar: Columns of the progress bar; `nil`: none.
    package static func line(_ progress: TrafficProgress, duration: Duration, clock: Clock?, bar: Int?) -> String {
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
        if let p50 = progress.p50, let p95 = progress.p95, let p99 = progress.p99 {
            parts.append(
                "p50 \(Figures.duration(p50.seconds)) p95 \(Figures.duration(p95.seconds)) p99 \(Figures.duration(p99.seconds))"
            )
        }
        let counts = progress.counts
        let troubles = [
            (counts.lost, "lost"), (counts.duplicated, "duplicated"), (counts.wrong, "wrong"),
            (counts.failed, "failed"),
            (counts.unanswered, "unanswered"),
        ].filter { $0.0 > 0 }.map { "\(Figures.count($0.0)) \($0.1)" }
        if !troubles.isEmpty { parts.append(troubles.joined(separator: ", ")) }
        return parts.joined(separator: " | ")
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

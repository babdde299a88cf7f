import Time

/// Figures as people read them; without Foundation, so that a replay writes the same bytes on every machine.
enum Words {
    static func workers(_ count: Int) -> String { count == 1 ? "1 worker" : "\(count) workers" }

    /// Whole jobs: a pool's share of a queue may be a part of one.
    static func jobs(_ count: Double) -> String {
        let text = number(count > 0 && count < 1 ? 1 : count.rounded())
        return text == "1" ? "1 job" : "\(text) jobs"
    }

    /// `1 job waits`, `900 jobs wait`.
    static func jobsWait(_ count: Double) -> String {
        let text = jobs(count)
        return text + (text == "1 job" ? " waits" : " wait")
    }

    /// At most two digits after the point below 10, one below 100, none from there.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let magnitude = abs(value)
        if magnitude >= 1e15 { return "\(value)" }
        let digits = magnitude < 10 ? 2 : magnitude < 100 ? 1 : 0
        let scale = [1.0, 10, 100][digits]
        let scaled = Int64((magnitude * scale).rounded())
        var text = "\(scaled / Int64(scale))"
        let rest = scaled % Int64(scale)
        if rest > 0 {
            var fraction = "\(rest)"
            while fraction.utf8.count < digits { fraction = "0" + fraction }
            while fraction.hasSuffix("0") { fraction.removeLast() }
            text += "." + fraction
        }
        return value < 0 && scaled > 0 ? "-" + text : text
    }

    static func duration(_ value: Duration) -> String {
        let seconds = value.seconds
        switch abs(seconds) {
        case ..<0.001: return "\(number(seconds * 1e6)) us"
        case ..<1: return "\(number(seconds * 1e3)) ms"
        case ..<120: return "\(number(seconds)) s"
        default: return "\(number(seconds / 60)) min"
        }
    }
}

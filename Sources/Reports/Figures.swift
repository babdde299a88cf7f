/// Numbers as people read them.
package enum Figures {
    /// `12,345`.
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }

    /// With as many decimals as asked for, rounded half away from zero; `12,345.6`.
    package static func decimal(_ value: Double, _ decimals: Int = 1) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var factor = 1.0
        for _ in 0..<decimals { factor *= 10 }
        let scaled = Int((abs(value) * factor).rounded())
        let whole = count(scaled / Int(factor))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + whole }
        let fraction = String(scaled % Int(factor))
        return sign + whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// Three significant digits and the unit that suits: `850 µs`, `12.3 ms`, `1.25 s`, `3 min 20 s`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        if seconds < 0 { return "-" + duration(-seconds) }
        let whole = Int(min(seconds, 1e12))
        return switch seconds {
        case 0: "0 s"
        case ..<0.001: significant(seconds * 1e6) + " µs"
        case ..<1: significant(seconds * 1e3) + " ms"
        case ..<120: significant(seconds) + " s"
        case ..<7_200: "\(whole / 60) min \(whole % 60) s"
        default: "\(whole / 3_600) h \(whole / 60 % 60) min"
        }
    }

    /// As `duration`, without decimals that are zero; for axes.
    package static func tick(_ seconds: Double) -> String {
        let words = duration(seconds).split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].contains(".") else { return duration(seconds) }
        var number = words[0]
        while number.last == "0" { number = number.dropLast() }
        if number.last == "." { number = number.dropLast() }
        return "\(number) \(words[1])"
    }

    package static func duration(_ seconds: Double?) -> String { seconds.map { duration($0) } ?? "–" }

    /// `46 %`, and with decimals where they say more: `4.6 %`, `0.46 %`.
    package static func share(_ value: Double) -> String {
        let size = abs(value)
        return decimal(value * 100, size == 0 || size >= 0.1 ? 0 : size >= 0.01 ? 1 : 2) + " %"
    }

    /// With the digits that tell it from 100 %: `99.97 %`, never rounded up to 100.
    package static func attainment(_ value: Double) -> String {
        value >= 1 ? "100 %" : decimal((value * 1e5).rounded(.down) / 1e3, 3) + " %"
    }

    /// A share above or below: `+2.7 %`.
    package static func difference(_ value: Double?) -> String {
        guard let value else { return "–" }
        return (value >= 0 ? "+" : "") + decimal(value * 100, abs(value) < 1 ? 1 : 0) + " %"
    }

    /// A time of day, `8:05` or `8:05:30`.
    package static func timeOfDay(_ seconds: Double, showsSeconds: Bool) -> String {
        guard seconds.isFinite else { return "–" }
        let total = Int(min(max(seconds, 0), 1e9).rounded())
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let clock = "\(total / 3_600 % 24):\(two(total / 60 % 60))"
        return showsSeconds ? clock + ":" + two(total % 60) : clock
    }

    private static func significant(_ value: Double) -> String {
        switch abs(value) {
        case ..<9.995: decimal(value, 2)
        case ..<99.95: decimal(value, 1)
        default: decimal(value, 0)
        }
    }
}

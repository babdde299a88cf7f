/// Numbers as people read them.
enum Figures {
    /// `12,345`.
    static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }

    static func decimal(_ value: Double, _ decimals: Int = 1) -> String {
        guard value.isFinite, abs(value) < 1e14 else { return "-" }
        var factor = 1.0
        for _ in 0..<decimals { factor *= 10 }
        let scaled = Int((abs(value) * factor).rounded())
        let whole = count(scaled / Int(factor))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + whole }
        let fraction = String(scaled % Int(factor))
        return sign + whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// `850 us`, `12.3 ms`, `1.25 s`, `3 min 20 s`.
    static func duration(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite else { return "-" }
        switch abs(seconds) {
        case 0: return "0 s"
        case ..<0.001: return decimal(seconds * 1e6, 0) + " us"
        case ..<1: return decimal(seconds * 1e3, seconds < 0.0995 ? 1 : 0) + " ms"
        case ..<120: return decimal(seconds, seconds < 9.95 ? 2 : 1) + " s"
        case ..<7_200: return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
        default: return "\(Int(min(seconds, 1e12)) / 3_600) h \(Int(min(seconds, 1e12)) / 60 % 60) min"
        }
    }

    /// A share with the digits that tell it from 100 %: `99.97 %`, never rounded up to 100.
    static func attainment(_ value: Double) -> String {
        value >= 1 ? "100 %" : decimal((value * 1e5).rounded(.down) / 1e3, 3) + " %"
    }

    static func share(_ value: Double) -> String { decimal(value * 100, abs(value) < 0.1 ? 1 : 0) + " %" }

    static func regret(_ value: Double?) -> String {
        guard let value else { return "-" }
        return (value >= 0 ? "+" : "") + decimal(value * 100, abs(value) < 1 ? 1 : 0) + " %"
    }
}

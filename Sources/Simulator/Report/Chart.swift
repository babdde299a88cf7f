import func Glibc.log10
import func Glibc.pow

/// Lines over time as inline SVG. Colours are classes of the style sheet.
struct Chart {
    struct Line {
        var name: String
        /// A class: `a` to `h`.
        var color: String
        var points: [(x: Double, y: Double)]
        var isStepped = false
    }

    var title: String
    var caption: String
    /// Seconds of the trace.
    var span: Double
    /// Seconds since midnight of the first one; `nil`: ticks count from the start.
    var origin: Double?
    var lines: [Line]
    /// What is above is cut off; `nil`: nothing.
    var limit: Double?
    var label: (Double) -> String

    private static let width = 960.0
    private static let height = 240.0
    private static let left = 70.0
    private static let right = 14.0
    private static let top = 12.0
    private static let bottom = 26.0

    func html() -> String {
        let legend = lines.map { "<span><i class=\"\($0.color)\"></i>\(HTML.escaped($0.name))</span>" }.joined()
        return """
            <figure>
            <figcaption><b>\(HTML.escaped(title))</b> \(HTML.escaped(caption))</figcaption>
            <div class="legend">\(legend)</div>
            \(svg())
            </figure>

            """
    }

    private func svg() -> String {
        let top = Self.roundMaximum(min(lines.flatMap { $0.points.map(\.y) }.max() ?? 1, limit ?? .infinity))
        var out =
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(HTML.escaped(title))\">"
        for step in 0...4 {
            let value = top.maximum * Double(step) / 4
            let y = vertical(value, top.maximum)
            out += "<path class=\"grid\" d=\"M\(f(Self.left)) \(f(y))H\(f(Self.width - Self.right))\"/>"
            out += "<text class=\"y\" x=\"\(f(Self.left - 8))\" y=\"\(f(y + 4))\">\(HTML.escaped(label(value)))</text>"
        }
        for tick in ticks() {
            let x = horizontal(tick.at)
            out += "<path class=\"axis\" d=\"M\(f(x)) \(f(Self.height - Self.bottom))v4\"/>"
            out += "<text class=\"x\" x=\"\(f(x))\" y=\"\(f(Self.height - 6))\">\(tick.text)</text>"
        }
        for line in lines {
            out += "<path class=\"line \(line.color)\" d=\"\(path(line, top.maximum))\"><title>"
            out += HTML.escaped(line.name) + "</title></path>"
        }
        out +=
            "<path class=\"axis\" d=\"M\(f(Self.left)) \(f(Self.height - Self.bottom))H\(f(Self.width - Self.right))\"/>"
        return out + "</svg>"
    }

    private func path(_ line: Line, _ maximum: Double) -> String {
        var text = ""
        var last = (x: "", y: "")
        for (index, point) in line.points.enumerated() {
            let x = f(horizontal(point.x))
            let y = f(vertical(point.y, maximum))
            if index == 0 {
                text += "M\(x) \(y)"
            } else if line.isStepped {
                // A step that changes nothing needs no point.
                if y == last.y, index + 1 < line.points.count { continue }
                text += "H\(x)V\(y)"
            } else {
                text += "L\(x) \(y)"
            }
            last = (x, y)
        }
        return text
    }

    private func horizontal(_ seconds: Double) -> Double {
        Self.left + min(max(seconds / max(span, 1), 0), 1) * (Self.width - Self.left - Self.right)
    }

    private func vertical(_ value: Double, _ maximum: Double) -> Double {
        Self.height - Self.bottom - min(max(value / maximum, 0), 1) * (Self.height - Self.top - Self.bottom)
    }

    private func ticks() -> [(at: Double, text: String)] {
        let steps: [Double] = [10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400]
        let step = steps.first { span / $0 <= 9 } ?? span / 8
        return stride(from: 0, through: span, by: step).map { at in
            let total = Int((at + (origin ?? 0)).rounded())
            let minutes = total / 60 % 60
            let clock = "\(total / 3_600 % 24):" + (minutes < 10 ? "0" : "") + "\(minutes)"
            return (at, origin == nil ? Figures.duration(at) : step < 60 ? clock + ":\(total % 60)" : clock)
        }
    }

    /// The smallest of 1, 2, 4, 6, 8 times a power of ten that is not below.
    private static func roundMaximum(_ value: Double) -> (maximum: Double, step: Double) {
        guard value > 0, value.isFinite else { return (1, 0.25) }
        let decade = pow(10, log10(value).rounded(.down))
        let maximum = [1, 2, 4, 6, 8, 10].map { $0 * decade }.first { $0 >= value * 0.999 } ?? 10 * decade
        return (maximum, maximum / 4)
    }

    private func f(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}

enum HTML {
    static func escaped(_ text: String) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }

    static func table(_ head: [String], left: Set<Int> = [0], rows: [[String]]) -> String {
        func cells(_ texts: [String], _ tag: String) -> String {
            texts.enumerated().map { index, text in
                "<\(tag)\(left.contains(index) ? "" : " class=\"n\"")>\(escaped(text))</\(tag)>"
            }.joined()
        }
        return "<div class=\"wide\"><table><tr>\(cells(head, "th"))</tr>"
            + rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined() + "</table></div>"
    }
}

/// A plot drawn into a frame. A page carries two, and its style sheet shows the one whose text can be read at its width: the
/// broad one is 960 units wide, the narrow one 358, which is a telephone of 390 pixels without its margins.
struct Drawing {
    struct Frame {
        var name: String
        var width: Double
        var height: Double
        var left: Double
        var right: Double
        var top: Double
        var bottom: Double
        /// Room that a label of the x axis needs.
        var labelWidth: Double

        static let broad = Frame(
            name: "broad", width: 960, height: 254, left: 72, right: 14, top: 20, bottom: 30, labelWidth: 60)
        static let narrow = Frame(
            name: "narrow", width: 358, height: 220, left: 52, right: 16, top: 20, bottom: 26, labelWidth: 62)
    }

    let plot: Plot
    let frame: Frame

    func svg() -> String {
        let (w, h) = (frame.width, frame.height)
        var out =
            "<svg class=\"\(frame.name)\" viewBox=\"0 0 \(Int(w)) \(Int(h))\" role=\"img\" aria-label=\"\(HTML.escaped(plot.title))\">"
        for tick in plot.y.ticks {
            let position = vertical(tick.value)
            out +=
                "<path class=\"grid\(tick.isMinor ? " minor" : "")\" d=\"M\(f(frame.left)) \(f(position))H\(f(w - frame.right))\"/>"
            if !tick.label.isEmpty {
                out +=
                    "<text class=\"y\" x=\"\(f(frame.left - 8))\" y=\"\(f(position + 4))\">\(HTML.escaped(tick.label))</text>"
            }
        }
        for tick in xTicks {
            let position = horizontal(tick.value)
            out += "<path class=\"axis\" d=\"M\(f(position)) \(f(h - frame.bottom))v4\"/>"
            out += "<text class=\"x\" x=\"\(f(position))\" y=\"\(f(h - 6))\">\(HTML.escaped(tick.label))</text>"
        }
        for layer in plot.layers { out += draw(layer) }
        out += "<path class=\"axis\" d=\"M\(f(frame.left)) \(f(h - frame.bottom))H\(f(w - frame.right))\"/>"
        var lastLabel = -100.0
        for mark in plot.marks {
            let position = horizontal(mark.x)
            out += "<g class=\"mark\"><title>\(HTML.escaped(mark.explanation))</title>"
            out += "<path d=\"M\(f(position)) \(f(frame.top))V\(f(h - frame.bottom))\"/>"
            // Labels that would lie on one another are left out; the table below has them all.
            if position - lastLabel > 14 {
                out += "<text x=\"\(f(position))\" y=\"\(f(frame.top - 3))\">\(HTML.escaped(mark.label))</text>"
                lastLabel = position
            }
            out += "</g>"
        }
        return out + "</svg>"
    }

    /// Those whose labels have room beside one another, counted from the left.
    private var xTicks: [PlotScale.Tick] {
        var last = -Double.infinity
        return plot.x.ticks.filter { tick in
            let position = horizontal(tick.value)
            guard position - last >= frame.labelWidth else { return false }
            last = position
            return true
        }
    }

    private func draw(_ layer: Plot.Layer) -> String {
        switch layer.shape {
        case .line(let points): line(layer, points, isStepped: false)
        case .steps(let points): line(layer, points, isStepped: true)
        case .band(let points, let isStepped):
            "<path class=\"fill \(layer.color)\" d=\"\(band(points, isStepped: isStepped))\"/>"
        }
    }

    private func line(_ layer: Plot.Layer, _ points: [Plot.Point], isStepped: Bool) -> String {
        "<path class=\"line \(layer.color)\" d=\"\(path(points, isStepped: isStepped))\">"
            + "<title>\(HTML.escaped(layer.name))</title></path>"
    }

    private func path(_ points: [Plot.Point], isStepped: Bool) -> String {
        var text = ""
        var last = ""
        for (index, point) in points.enumerated() {
            let (x, y) = (f(horizontal(point.x)), f(vertical(point.y)))
            if index == 0 {
                text += "M\(x) \(y)"
            } else if isStepped {
                // A step that changes nothing needs no point.
                if y == last, index + 1 < points.count { continue }
                text += "H\(x)V\(y)"
            } else {
                text += "L\(x) \(y)"
            }
            last = y
        }
        return text
    }

    private func band(_ points: [(x: Double, low: Double, high: Double)], isStepped: Bool) -> String {
        guard !points.isEmpty else { return "" }
        let upper = path(points.map { Plot.Point(x: $0.x, y: $0.high) }, isStepped: isStepped)
        // Back along the lower curve; steps are taken in the opposite order on the way back.
        var lower = ""
        for (index, point) in points.enumerated().reversed() {
            let (x, y) = (horizontal(point.x), vertical(point.low))
            if index == points.count - 1 || !isStepped {
                lower += "L\(f(x)) \(f(y))"
            } else {
                lower += "V\(f(y))H\(f(x))"
            }
        }
        return upper + lower + "Z"
    }

    private func horizontal(_ value: Double) -> Double {
        frame.left + plot.x.position(value) * (frame.width - frame.left - frame.right)
    }

    private func vertical(_ value: Double) -> Double {
        frame.height - frame.bottom - plot.y.position(value) * (frame.height - frame.top - frame.bottom)
    }

    /// One decimal is a tenth of a pixel.
    private func f(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}

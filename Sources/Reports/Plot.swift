/// A chart as inline SVG. Colours are classes that the page's style sheet fills in, so that one drawing serves light,
/// dark and paper.
package struct Plot {
    package struct Point {
        package var x: Double
        package var y: Double

        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    package struct Layer {
        package enum Shape {
            case line([Point])
            /// Holds each value until the next point.
            case steps([Point])
            /// Filled between two curves that share their x; drawn as steps where `isStepped`.
            case band([(x: Double, low: Double, high: Double)], isStepped: Bool)
        }

        var name: String
        /// A class of the style sheet: `a` to `h`, or with `-soft` and `-faint` behind.
        var color: String
        var shape: Shape

        package init(name: String, color: String, shape: Shape) {
            self.name = name
            self.color = color
            self.shape = shape
        }
    }

    /// A numbered line across the plot.
    package struct Mark {
        var x: Double
        var label: String
        var explanation: String

        package init(x: Double, label: String, explanation: String) {
            self.x = x
            self.label = label
            self.explanation = explanation
        }
    }

    var title: String
    /// What a reader needs to know to read it; one sentence.
    var caption: String
    var x: PlotScale
    var y: PlotScale
    var layers: [Layer]
    var marks: [Mark]

    package init(
        title: String, caption: String, x: PlotScale, y: PlotScale, layers: [Layer], marks: [Mark] = []
    ) {
        self.title = title
        self.caption = caption
        self.x = x
        self.y = y
        self.layers = layers
        self.marks = marks
    }

    private static let width = 960.0
    private static let height = 250.0
    private static let left = 64.0
    private static let right = 14.0
    private static let top = 14.0
    private static let bottom = 26.0

    package func html() -> String {
        let legend = layers.map { "<span><i class=\"\($0.color)\"></i>\(HTML.escaped($0.name))</span>" }.joined()
        return """
            <figure>
            <figcaption><b>\(HTML.escaped(title))</b> \(HTML.escaped(caption))</figcaption>
            <div class="legend">\(legend)</div>
            \(svg())
            </figure>

            """
    }

    private func svg() -> String {
        let (w, h) = (Self.width, Self.height)
        var out = "<svg viewBox=\"0 0 \(Int(w)) \(Int(h))\" role=\"img\" aria-label=\"\(HTML.escaped(title))\">"
        for tick in y.ticks {
            let position = vertical(tick.value)
            out +=
                "<path class=\"grid\(tick.isMinor ? " minor" : "")\" d=\"M\(f(Self.left)) \(f(position))H\(f(w - Self.right))\"/>"
            if !tick.label.isEmpty {
                out +=
                    "<text class=\"y\" x=\"\(f(Self.left - 8))\" y=\"\(f(position + 4))\">\(HTML.escaped(tick.label))</text>"
            }
        }
        for tick in x.ticks {
            let position = horizontal(tick.value)
            out += "<path class=\"axis\" d=\"M\(f(position)) \(f(h - Self.bottom))v4\"/>"
            out += "<text class=\"x\" x=\"\(f(position))\" y=\"\(f(h - 6))\">\(HTML.escaped(tick.label))</text>"
        }
        for layer in layers { out += draw(layer) }
        out += "<path class=\"axis\" d=\"M\(f(Self.left)) \(f(h - Self.bottom))H\(f(w - Self.right))\"/>"
        var lastLabel = -100.0
        for mark in marks {
            let position = horizontal(mark.x)
            out += "<g class=\"mark\"><title>\(HTML.escaped(mark.explanation))</title>"
            out += "<path d=\"M\(f(position)) \(f(Self.top))V\(f(h - Self.bottom))\"/>"
            // Labels that would lie on one another are left out; the table below has them all.
            if position - lastLabel > 14 {
                out += "<text x=\"\(f(position))\" y=\"\(f(Self.top - 3))\">\(HTML.escaped(mark.label))</text>"
                lastLabel = position
            }
            out += "</g>"
        }
        return out + "</svg>"
    }

    private func draw(_ layer: Layer) -> String {
        switch layer.shape {
        case .line(let points): line(layer, points, isStepped: false)
        case .steps(let points): line(layer, points, isStepped: true)
        case .band(let points, let isStepped):
            "<path class=\"fill \(layer.color)\" d=\"\(band(points, isStepped: isStepped))\"/>"
        }
    }

    private func line(_ layer: Layer, _ points: [Point], isStepped: Bool) -> String {
        "<path class=\"line \(layer.color)\" d=\"\(path(points, isStepped: isStepped))\">"
            + "<title>\(HTML.escaped(layer.name))</title></path>"
    }

    private func path(_ points: [Point], isStepped: Bool) -> String {
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
        let upper = path(points.map { Point(x: $0.x, y: $0.high) }, isStepped: isStepped)
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
        Self.left + x.position(value) * (Self.width - Self.left - Self.right)
    }

    private func vertical(_ value: Double) -> Double {
        Self.height - Self.bottom - y.position(value) * (Self.height - Self.top - Self.bottom)
    }

    /// One decimal is a tenth of a pixel.
    private func f(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}

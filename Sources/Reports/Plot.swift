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

    package func html() -> String {
        let legend = layers.map { "<span><i class=\"\($0.color)\"></i>\(HTML.escaped($0.name))</span>" }.joined()
        return """
            <figure>
            <figcaption><b>\(HTML.escaped(title))</b> \(HTML.escaped(caption))</figcaption>
            <div class="legend">\(legend)</div>
            \(Drawing(plot: self, frame: .broad).svg())
            \(Drawing(plot: self, frame: .narrow).svg())
            </figure>

            """
    }
}

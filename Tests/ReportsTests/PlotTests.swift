import Reports
import Testing

@Suite struct PlotTests {
    private func plot(_ layer: Plot.Layer, most: Double = 10) -> String {
        Plot(
            title: "a <b>", caption: "c & d", x: .time(upTo: 100, profileStart: 8 * 3_600, speed: 1),
            y: .upTo(most, isWhole: true) { Figures.decimal($0, 0) }, layers: [layer]
        ).html()
    }

    @Test("what comes from outside is escaped, in text and in attributes")
    func escapes() {
        let html = plot(Plot.Layer(name: "\"><script>", color: "a", shape: .line([])))
        #expect(!html.contains("<script>") && html.contains("&quot;&gt;&lt;script&gt;"))
        #expect(html.contains("a &lt;b&gt;") && html.contains("c &amp; d"))
        #expect(HTML.table(["<h>"], rows: [["<r>"]]).contains("&lt;h&gt;"))
        #expect(HTML.page(title: "<t>", body: "b").contains("<title>&lt;t&gt;</title>"))
    }

    @Test("a step that changes nothing adds no point, and the last one is drawn")
    func steps() {
        let points = (0...100).map { Plot.Point(x: Double($0), y: $0 < 50 ? 1 : 2) }
        let path =
            plot(Plot.Layer(name: "n", color: "a", shape: .steps(points)))
            .split(separator: "\"").first { $0.hasPrefix("M") && $0.contains("V") } ?? ""
        #expect(path.filter { $0 == "H" }.count == 2)
    }

    @Test("values beyond the scale stay inside the drawing")
    func clamps() {
        let points = [Plot.Point(x: -50, y: -5), Plot.Point(x: 500, y: 1e9), Plot.Point(x: 1, y: .nan)]
        let html = plot(Plot.Layer(name: "n", color: "a", shape: .line(points)))
        #expect(html.contains("M72 224") && !html.contains("nan"))
    }

    @Test(
        "a scale ends at a round number at or above the largest value",
        arguments: [0, 0.3, 1, 9, 9.9, 10, 31, 1_234, 99_999])
    func scales(most: Double) {
        let html = plot(Plot.Layer(name: "n", color: "a", shape: .line([])), most: most)
        #expect(html.contains(">0</text>"))
    }
}

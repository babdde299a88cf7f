import FoundationEssentials
import LoadGenerator
import Testing
import Time
import Traffic

@Suite struct ReportTests {
    @Test("is one page that needs nothing from outside")
    func selfContained() throws {
        let html = ReportWriter(try makeSampleReport(speed: 60)).html()
        #expect(!html.contains("<script"))
        #expect(!html.contains("src="))
        #expect(!html.contains("<link"))
        #expect(!html.contains("@import"))
        #expect(!html.contains("url("))
        #expect(html.count { $0 == "<" } == html.count { $0 == ">" })
        for tag in ["svg", "figure", "table", "section", "div", "header", "main", "g", "tr"] {
            let opened =
                html.components(separatedBy: "<\(tag)>").count + html.components(separatedBy: "<\(tag) ").count - 2
            #expect(opened == html.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
        }
    }

    @Test("shows every plot, every decision and the verdict")
    func complete() throws {
        let report = try makeSampleReport(speed: 60)
        let html = ReportWriter(report).html()
        #expect(html.components(separatedBy: "<svg").count - 1 == 5)
        #expect(html.contains("Passed"))
        #expect(report.decisions.count >= 3)
        for decision in report.decisions { #expect(html.contains(decision.reason)) }
    }

    @Test("shows text from outside as text")
    func escapes() {
        var recorder = TrafficRecorder(deadline: nil)
        recorder.arrived(intended: .zero)
        recorder.settled(.failed("<script>alert(1)</script> & \"more\""), intended: .zero, sent: .zero, at: .seconds(1))
        let report = recorder.report(
            TrafficReport.Description(profile: "<b>p</b>", model: "m", target: "t", loop: .open), at: .seconds(1))
        let html = ReportWriter(report).html()
        #expect(!html.contains("<script") && !html.contains("<b>p</b>"))
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"))
        #expect(html.contains("Failed: 1 failed, nothing finished"))
    }

    @Test("comes back from JSON as it was")
    func json() throws {
        let report = try makeSampleReport(speed: 60)
        let text = try ReportWriter(report).json()
        #expect(try JSONDecoder().decode(TrafficReport.self, from: Data(text.utf8)) == report)
    }

    @Test("names the counts on the screen, and says that a closed loop is one")
    func text() throws {
        let text = ReportWriter(try makeSampleReport(speed: 60)).text()
        #expect(text.contains("morning-peak: Passed"))
        #expect(text.contains("first new worker's result"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 130 })
        let closed = TrafficRecorder(deadline: nil).report(
            TrafficReport.Description(profile: "c", model: "m", target: "t", loop: .closed, connections: 64),
            at: .seconds(1))
        #expect(ReportWriter(closed).text().contains("Closed loop: 64 connections"))
    }

    @Test("tells on one line how a run stands")
    func live() {
        var recorder = TrafficRecorder(deadline: nil)
        for index in 0..<200 {
            let moment = Duration.milliseconds(index * 10)
            recorder.arrived(intended: moment)
            recorder.settled(
                index == 7 ? .wrong("w") : .right, intended: moment, sent: moment, at: moment + .milliseconds(5))
        }
        recorder.sampled(
            ClusterSample(
                elapsedSeconds: 2, waiting: 1_234, inFlight: 8, due: 0,
                pools: ["cpu": .init(starting: 2, ready: 1, draining: 0)]), at: .seconds(2))
        let line = LiveDisplay.line(
            recorder.progress(at: .seconds(2)), duration: .seconds(8),
            clock: .init(start: .seconds(8 * 3_600), speed: 60), bar: 8)
        #expect(
            line.hasPrefix(
                "8:02 ██░░░░░░ 25 %, 6 s left | in 100/s out 100/s | backlog 1,234 | workers 1 +2 starting | p50 5.0"))
        #expect(line.hasSuffix("1 wrong"))
    }
}

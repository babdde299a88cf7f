import Foundation
import JSON
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
        #expect(html.components(separatedBy: "<svg class=\"broad\"").count - 1 == 5)
        #expect(html.components(separatedBy: "<svg class=\"narrow\"").count - 1 == 5)
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
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 79 })
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
                "8:02 ██░░░░░░ 25 %, 6 s left | in 100/s out 100/s | backlog 1,234 | workers 1 +2 starting | last 5 s: p50 5.0"
            ))
        #expect(line.hasSuffix("1 wrong: w"))
        let lines = LiveDisplay.packed(line.components(separatedBy: " | "), width: 79)
        #expect(lines.allSatisfy { $0.count <= 79 })
        #expect(lines.joined(separator: " | ") == line, "nothing is left out")
    }

    @Test("shows the percentiles of the last five seconds, not those since the start")
    func recentPercentiles() {
        var recorder = TrafficRecorder(deadline: nil)
        for second in 0..<12 {
            let moment = Duration.seconds(second)
            recorder.arrived(intended: moment)
            recorder.settled(
                .right, intended: moment, sent: moment, at: moment + .milliseconds(second < 5 ? 900 : 10))
        }
        let recent = recorder.progress(at: .seconds(12)).recent
        #expect((recent?.p99 ?? .seconds(1)) < .milliseconds(11))
        #expect(recorder.report(makeDescription(), at: .seconds(12)).latency?.p99Seconds ?? 0 > 0.8)
    }

    @Test(
        "says of answers only what was looked at",
        arguments: [
            (4, 4, "all 4 answers checked and right"), (3, 4, "3 of 4 answers checked, these right"),
            (0, 4, "answers not checked, since the recording expects none"),
        ])
    func checked(compared: Int, finished: Int, words: String) {
        var recorder = TrafficRecorder(deadline: nil)
        for index in 0..<finished {
            recorder.arrived(intended: .zero)
            recorder.settled(
                .right, check: index < compared ? .compared : .notCompared, intended: .zero, sent: .zero,
                at: .seconds(1))
        }
        let writer = ReportWriter(recorder.report(makeDescription(), at: .seconds(1)))
        #expect(writer.html().contains(words))
        #expect(writer.text().replacing("\n", with: " ").contains(words))
        #expect(!writer.html().contains("every answer right"))
    }

    @Test("tells a run that was stopped from one that failed")
    func stopped() {
        var recorder = TrafficRecorder(deadline: nil)
        for ending in [CallEnding.right, .interrupted, .unsent] {
            recorder.arrived(intended: .zero)
            recorder.settled(ending, intended: .zero, sent: .zero, at: .seconds(1))
        }
        let stopped = recorder.report(makeDescription(), conclusion: .stopped, at: .seconds(12))
        #expect(!stopped.verdict.isOK)
        #expect(ReportWriter(stopped).text().contains("p: Stopped after 12.0 s"))
        #expect(ReportWriter(stopped).html().contains("open when the run was stopped"))
        recorder.arrived(intended: .zero)
        recorder.settled(.lost("gone"), intended: .zero, sent: .zero, at: .seconds(1))
        let failed = recorder.report(makeDescription(), conclusion: .stopped, at: .seconds(12))
        #expect(ReportWriter(failed).text().contains("Failed: 1 lost, stopped before its end"))
    }

    @Test("gives figures by model and by how callers wait, in HTML, JSON and on the screen")
    func kinds() throws {
        var recorder = TrafficRecorder(deadline: .seconds(1))
        let slow = CallKind(model: "magika", mode: .asynchronous)
        let fast = CallKind(model: "digits", mode: .synchronous)
        for index in 0..<10 {
            let kind = index < 3 ? slow : fast
            recorder.arrived(intended: .zero, kind: kind)
            recorder.settled(
                index == 0 ? .wrong("w") : .right, kind: kind, intended: .zero, sent: .zero,
                at: kind == slow ? .seconds(2) : .milliseconds(10))
        }
        let report = recorder.report(makeDescription(), at: .seconds(3))
        let kinds = try #require(report.kinds)
        #expect(kinds.map(\.kind) == [fast, slow])
        #expect(kinds.map(\.counts.offered) == [7, 3])
        #expect(kinds.map(\.counts.wrong) == [0, 1])
        #expect(kinds.map(\.counts.late) == [0, 3])
        #expect(kinds[0].latency?.p99Seconds ?? 1 < 0.011 && kinds[1].latency?.p50Seconds ?? 0 > 1.9)
        let writer = ReportWriter(report)
        #expect(writer.html().contains("<td>magika</td><td>asynchronous</td>"))
        #expect(writer.text().contains("digits sync") && writer.text().contains("magika async"))
        #expect(try writer.json().contains("\"kinds\""))
    }

    @Test("names machine, cores, version, commit, cluster file and command")
    func environment() {
        var description = makeDescription()
        description.environment = RunEnvironment(
            version: "1.2.3", commit: "0123456789abcdef0123", machine: "host, Linux", cores: 4,
            memoryBytes: 8 << 30, command: "spate load --profile <x>", config: "/c/spate.yaml", service: "spate 1.2.3")
        let writer = ReportWriter(TrafficRecorder(deadline: nil).report(description, at: .seconds(1)))
        for text in [writer.text(), writer.html()] {
            for words in ["1.2.3, commit 0123456789ab", "host, Linux", "4, 8.0 GiB", "/c/spate.yaml"] {
                #expect(text.contains(words), "\(words)")
            }
        }
        #expect(writer.html().contains("spate load --profile &lt;x&gt;"))
        #expect(writer.text().split(separator: "\n").allSatisfy { $0.count <= 79 })
    }

    @Test("a report of an earlier version is read, with nothing where it has nothing")
    func earlierReport() throws {
        let now = try makeSampleReport(speed: 60)
        var document = try #require(
            JSONSerialization.jsonObject(with: Data(try ReportWriter(now).json().utf8)) as? [String: Any])
        for key in ["kinds", "conclusion"] { document[key] = nil }
        var counts = try #require(document["counts"] as? [String: Any])
        for key in ["checked", "interrupted"] { counts[key] = nil }
        document["counts"] = counts
        let read = try JSONDecoder().decode(
            TrafficReport.self, from: JSONSerialization.data(withJSONObject: document))
        #expect(read.kinds == nil && read.counts.checked == 0 && read.counts.offered == now.counts.offered)
    }

    private func makeDescription() -> TrafficReport.Description {
        TrafficReport.Description(profile: "p", model: "m", target: "t", loop: .open)
    }
}

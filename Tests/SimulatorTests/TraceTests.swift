import Scaling
import Testing
import Time
import Traffic

@testable import Simulator

@Suite struct TraceTests {
    @Test("counts per minute are spread evenly over their minute")
    func minutes() throws {
        let trace = try TraceFile.parse("minute,count\n0,60\n1,120\n2,0\n", name: "t")
        #expect(trace.duration == .seconds(180))
        #expect(trace.count == 180)
        #expect(trace.counts(every: .seconds(60)) == [60, 120, 0])
        #expect(trace.counts(every: .seconds(30)) == [30, 30, 60, 60, 0, 0])
    }

    @Test("a dated trace keeps its date")
    func dates() throws {
        let trace = try TraceFile.parse("time,count\n2026-06-01T06:00:00Z,10\n2026-06-01T06:01:00Z,20\n", name: "t")
        #expect(trace.start == Trace.monday)
        #expect(trace.counts(every: .seconds(60)) == [10, 20])
    }

    @Test("single arrivals are read from lines of numbers, instants or objects")
    func arrivals() throws {
        #expect(try TraceFile.parse("0.5\n1.5\n1.6\n", name: "t").counts(every: .seconds(1)) == [1, 2, 0])
        let objects = "{\"model\": \"m\", \"elapsed\": 2.25}\n{\"elapsed\": 0.25}\n"
        #expect(try TraceFile.parse(objects, name: "t").cohorts.map(\.at) == [250_000, 2_250_000])
        let dated = try TraceFile.parse("2026-06-01T06:00:10Z\n2026-06-01T06:00:12.5Z\n", name: "t")
        #expect(dated.cohorts.map(\.at) == [0, 2_500_000])
    }

    @Test(
        "what is no trace is refused with its line",
        arguments: [
            ("", nil), ("time,count\n", nil), ("minute,count\n0,x\n1,1\n", 2), ("minute,count\n1,1\n0,1\n", 3),
            ("minute,count\nnan,1\n1,1\n", 2), ("0.5\nabc\n", 2), ("{\"x\": 1}\n", 1), ("minute,count\n0,-1\n1,1", 2),
            ("minute,count\n0,1e30\n1,1", 2), ("1e300\n", nil),
        ] as [(String, Int?)])
    func refused(text: String, line: Int?) {
        let error = #expect(throws: TraceError.self) { try TraceFile.parse(text, name: "t") }
        if let line { #expect(error?.line == line) }
    }

    @Test("a large profile is drawn in slots with about the expected number of calls")
    func slots() throws {
        let scenario = try LargeDay.scenario(requests: 2e7)
        #expect(abs(Double(scenario.trace.count) / 2e7 - 1) < 0.01)
        #expect(scenario.trace.cohorts.count < 1_800_000)
    }

    @Test("contenders are read with their parameters")
    func contenders() throws {
        let spate = try Contender(text: "spate:targetUtilization=0.9,targetWait=250ms,minimum=2,calendar=true")
        #expect(spate.policy.targetUtilization == 0.9)
        #expect(spate.policy.targetWait == .milliseconds(250))
        #expect(spate.hasCalendar)
        let scenario = try makeScenario()
        #expect(scenario.policy(spate.policy, algorithm: .spate).pools[0].minimum == 2)
        let keda = try Contender(text: "keda-lag:lagCount=50,cooldownPeriod=1m")
        #expect(keda.policy.algorithm == .kedaLag(KEDALag(lagCount: 50, cooldownPeriod: .seconds(60))))
    }

    @Test(
        "a contender that is none is refused",
        arguments: ["", "nobody", "hpa:target", "hpa:target=x", "spate:colour=red", "ray:upscaleDelay=5"])
    func badContenders(text: String) {
        #expect(throws: ContenderError.self) { try Contender(text: text) }
    }

    @Test("a recording of spate record is read, all models together, with its length")
    func recorded() throws {
        let text = """
            {"spate_trace":1,"step_ms":1000,"start_ms":1780293600000}
            {"t_ms":0,"model":"digits.1","count":12}
            {"t_ms":0,"model":"magika.1","count":3}
            {"t_ms":2000,"model":"digits.1","count":100}
            {"t_ms":60000,"end":true}

            """
        let trace = try TraceFile.parse(text, name: "peak.jsonl")
        #expect(trace.duration == .seconds(60))
        #expect(trace.start == Timestamp(microseconds: 1_780_293_600_000_000))
        #expect(trace.cohorts.reduce(0) { $0 + $1.count } == 115)
        #expect(trace.cohorts.filter { $0.at < 1_000_000 }.reduce(0) { $0 + $1.count } == 15)
        #expect(trace.cohorts.allSatisfy { $0.at < 1_000_000 || (2_000_000..<3_000_000).contains($0.at) })
        for (line, wrong) in [
            (1, #"{"spate_trace":2,"step_ms":1000,"start_ms":0}"#), (1, #"{"spate_trace":1,"start_ms":0}"#),
            (2, "\(text.prefix { $0 != "\n" })\n{\"t_ms\":-1,\"count\":1}"),
            (2, "\(text.prefix { $0 != "\n" })\n{\"t_ms\":0,\"count\":99999999999999999999}"),
        ] {
            let error = #expect(throws: TraceError.self) { try TraceFile.parse(wrong, name: "x") }
            #expect(error?.line == line)
        }
    }
}

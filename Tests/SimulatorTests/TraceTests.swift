import Scaling
import Testing
import Time
import Traffic

@testable import Simulator

@Suite struct TraceTests {
    @Test("counts per minute are spread over their minute, at random by the seed")
    func minutes() throws {
        let trace = try TraceFile.parse("minute,count\n0,60\n1,120\n2,0\n", name: "t")
        #expect(trace.duration == .seconds(180))
        #expect(trace.count == 180)
        #expect(trace.counts(every: .seconds(60)) == [60, 120, 0])
        let halves = trace.counts(every: .seconds(30))
        #expect(halves[0] + halves[1] == 60 && halves[2] + halves[3] == 120 && halves[4] + halves[5] == 0)
        #expect(halves[0...3].allSatisfy { $0 > 10 })
        #expect(trace.cohorts.allSatisfy { $0.count == 1 })
        let again = try TraceFile.parse("minute,count\n0,60\n1,120\n2,0\n", name: "t")
        #expect(again.cohorts == trace.cohorts)
        let other = try TraceFile.parse("minute,count\n0,60\n1,120\n2,0\n", name: "t", seed: 2)
        #expect(other.cohorts != trace.cohorts && other.count == trace.count)
    }

    @Test("counts that are too many to place one by one keep their sums, at no fixed phase")
    func manyCounts() throws {
        let trace = Trace(name: "t", interval: .seconds(60), counts: [4_000_000, 2_000_000, 7])
        #expect(trace.counts(every: .seconds(60)) == [4_000_000, 2_000_000, 7])
        #expect(trace.cohorts.count < 2_500)
        #expect(Set(trace.cohorts.map { $0.at % 50_000 }).count > 2_000)
        let most = trace.cohorts.map(\.count).max() ?? 0
        #expect(most < 2 * 4_000_000 / 1_200, "no lump at a minute's end")
        #expect(zip(trace.cohorts, trace.cohorts.dropFirst()).allSatisfy { $0.at <= $1.at })
    }

    @Test(
        "tables of counts are understood as they are exported",
        arguments: [
            "timestamp,requests\n2026-06-01T06:00:00Z,10\n2026-06-01T06:01:00Z,20\n",
            "2026-06-01T06:00:00Z,10\n2026-06-01T06:01:00Z,20\n",
            "time;count\n2026-06-01 06:00:00;10\n2026-06-01 06:01:00;20\n",
            "2026-06-01 06:00;10\r\n2026-06-01 06:01;20\r\n",
            "\u{FEFF}sep=;\nTime (UTC);Requests\n2026-06-01 06:00:00Z;10\n2026-06-01 06:01:00Z;20\n",
            "\"Time\",\"value\"\n\"2026-06-01 06:00:00\",\"10\"\n\"2026-06-01 06:01:00\",\"20\"\n",
            "date\tcalls\n2026-06-01T08:00:00+02:00\t10\n2026-06-01T08:01:00+0200\t20\n",
            "requests,timestamp\n10,2026-06-01T06:00:00Z\n20,2026-06-01T06:01:00Z\n",
            "time,count\n1780293600,10\n1780293660,20\n", "time,count\n1780293600000,10\n1780293660000,20\n",
            "_time,host,hits\n2026-06-01T06:00:00.000Z,a,4\n2026-06-01T06:00:00.000Z,b,6\n2026-06-01T06:01:00.000Z,a,20\n",
            "bucket,balancer\n2026-06-01 06:00:00 UTC, 10\n2026-06-01 06:01:00 UTC, 20\n",
            "time,count\n2026-06-01T06:00:00Z,9.5\n2026-06-01T06:01:00Z,20.5\n".replacing("9.5", with: "10.0"),
        ])
    func tables(text: String) throws {
        let trace = try TraceFile.parse(text, name: "t")
        #expect(trace.start == Trace.monday)
        #expect(trace.counts(every: .seconds(60)) == [10, 20])
    }

    @Test("fractions of counts are carried, so that their sum stays")
    func fractions() throws {
        let trace = try TraceFile.parse("minute,count\n0,0.5\n1,0.5\n2,1.25\n3,0.75\n", name: "t")
        #expect(trace.counts(every: .seconds(60)) == [0, 1, 1, 1])
    }

    @Test(
        "a table that is not clear is an error, not arrivals",
        arguments: [
            ("time,path,status\n2026-06-01T06:00:00Z,/a,200\n", 1), ("a,b\nx,y\n", 1),
            ("time,requests_per_second\n0,10\n60,20\n", 1), ("time,rps\n0,10\n60,20\n", 1),
            ("2026-06-01T06:00:00Z,/infer,200\n", 1), ("0.5\n1.5,7\n", 2), ("time,count\n0,10\n60\n", 3),
            ("time;count\n0;1,000\n60;1,200\n", 2), ("time,count\n0,\"1,000\"\n60,1\n", 2),
            ("time,count\n01.06.2026 08:00,1\n01.06.2026 08:01,1\n", 2), ("time,count\n2026-02-30T00:00:00Z,1\n", 2),
            ("time,count\n2026-06-01T08:00:00 CEST,1\n", 2), ("time,count\n5,1\n5,1\n", 3),
        ] as [(String, Int)])
    func unclear(text: String, line: Int) {
        let error = #expect(throws: TraceError.self) { try TraceFile.parse(text, name: "t") }
        #expect(error?.line == line)
    }

    @Test("what is quoted in an error is as it stands in the file")
    func quotedWhole() {
        let error = #expect(throws: TraceError.self) {
            try TraceFile.parse("time,count\n1 June 2026,1\n2 June 2026,1\n", name: "t")
        }
        #expect(error?.message.contains("'1 June 2026' is no time") == true)
    }

    @Test("counts cost what the same arrivals one by one cost, whatever the phase of the looks")
    func phases() throws {
        let shape = try ArrivalProfile(points: [
            .init(at: .zero, callsPerMinute: 300), .init(at: .seconds(600), callsPerMinute: 6_000),
            .init(at: .seconds(1_200), callsPerMinute: 300),
        ])
        let exact = Trace(name: "t", profile: shape, seed: 3)
        let csv =
            "minute,count\n"
            + exact.counts(every: .seconds(60)).enumerated().map { "\($0.offset),\($0.element)\n" }.joined()
        func workerSeconds(_ trace: Trace, look: Int) throws -> Double {
            var scenario = try makeScenario()
            scenario.trace = trace
            scenario.lookInterval = .milliseconds(look)
            return Simulator.run(scenario, try Contender(text: "hpa")).workerSeconds
        }
        let known = try workerSeconds(exact, look: 250)
        for look in [200, 237, 250] {
            let counted = try workerSeconds(TraceFile.parse(csv, name: "t"), look: look)
            #expect(abs(counted / known - 1) < 0.1, "\(look) ms: \(counted) for \(known)")
        }
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
        let spate = try Contender(text: "spate:target_utilization=0.9,target_wait=250ms,minimum=2,calendar=true")
        #expect(spate.policy.targetUtilization == 0.9)
        #expect(spate.policy.targetWait == .milliseconds(250))
        #expect(spate.hasCalendar)
        let scenario = try makeScenario()
        #expect(scenario.policy(spate.policy, algorithm: .spate).pools[0].minimum == 2)
        let keda = try Contender(text: "keda-lag:lag_count=50,cooldown_period=1m")
        #expect(keda.policy.algorithm == Algorithm(KEDALag(lagCount: 50, cooldownPeriod: .seconds(60))))
    }

    @Test("parameters have the names of a cluster file, and one that is none is answered with those that are")
    func parameterNames() throws {
        #expect(try Contender(text: "spate:target_utilization=0.9,target_wait=250ms").policy.targetUtilization == 0.9)
        for (text, known) in [
            ("spate:target_utilisation=1", "target_utilization"), ("hpa:lagCount=1", "scale_up_pods"),
            ("fixed:count=1", "workers"), ("keda-lag:lagCount=50", "'lagCount' is written lag_count"),
            ("spate:targetUtilization=0.9", "'targetUtilization' is written target_utilization"),
            ("knative-kpa:panic_threshold=0", "'panic_threshold' must be a number from 1 to 1000, got '0'"),
            ("ray:upscale_delay=5", "'upscale_delay' must be a duration with its unit from 0s to 24h, got '5'"),
            ("hpa:metric=cpu", "'metric' must be one of utilization, jobs, got 'cpu'"),
            ("hpa:target=80", "'target': 80.0 is no share"),
        ] {
            let error = #expect(throws: ContenderError.self) { try Contender(text: text) }
            #expect(error?.description.contains(known) == true)
        }
    }

    @Test(
        "a contender that is none is refused",
        arguments: ["", "nobody", "hpa:target", "hpa:target=x", "spate:colour=red", "ray:upscale_delay=5"])
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

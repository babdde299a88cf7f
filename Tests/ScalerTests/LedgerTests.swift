import Jobs
import Operations
import Scaler
import ScalerCore
import Synchronization
import Testing
import Time

@Suite struct LedgerTests {
    let minute = Timestamp(microseconds: 600_000_000)

    @Test("workers' time goes to what they did, and money follows the price of the time")
    func usage() throws {
        var fleet = Fleet()
        var meter = UsageMeter()
        fleet.noteStart("a", in: "cpu", at: minute)
        meter.noteStart(in: "cpu")
        func report(_ held: Int, rows: Int, busy: Duration) -> WorkerReport {
            WorkerReport(
                id: "a", pool: "cpu", state: .ready, started: minute, startUp: .seconds(1), held: held, settled: rows,
                models: [
                    WorkerReport.ModelReport(queue: "m.1", instances: 1, rows: rows, batches: rows / 2, busy: busy)
                ])
        }
        var total: [UsageKey: Int64] = [:]
        func look(_ seconds: Int) {
            total.merge(meter.note(fleet, prices: ["cpu": 3.6], at: minute + .seconds(seconds)) ?? [:]) { $0 + $1 }
        }
        look(0)
        look(2)
        _ = fleet.note([report(4, rows: 0, busy: .zero)], at: minute + .seconds(2))
        look(12)
        _ = fleet.note([report(0, rows: 100, busy: .seconds(9))], at: minute + .seconds(12))
        look(15)
        total.merge(meter.take()) { $0 + $1 }
        func amount(_ amount: UsageKey.Amount, _ model: String? = nil) -> Int64? {
            total[UsageKey(amount, pool: "cpu", model: model)]
        }
        #expect(amount(.starting) == 2_000)
        #expect(amount(.busy) == 10_000)
        #expect(amount(.idle) == 3_000)
        #expect(amount(.starts) == 1)
        #expect(amount(.jobs) == 100)
        #expect(amount(.rows, "m.1") == 100)
        #expect(amount(.batches, "m.1") == 50)
        #expect(amount(.computing, "m.1") == 9_000)
        // 15 s at 3.6 an hour: 0.015, in millionths.
        #expect((14_998...15_000).contains(amount(.money) ?? 0))

        let cost = CostReport(
            [UsageHour(starts: .zero, amounts: total)], from: .zero, to: minute + .seconds(15))
        let pool = try #require(cost.pools.first)
        #expect(pool.worker_seconds == 15)
        #expect(abs(pool.idle_money - 0.003) < 1e-5)
        #expect(abs(pool.start_up_money - 0.002) < 1e-5)
        #expect(abs((cost.models.first?.money_per_1000_rows ?? 0) - 0.15) < 1e-4)
        #expect(cost.text.contains("wasted on idling 0.003, on start-ups 0.002"))
    }

    @Test("what a model cost is divided among tenants by computing time, and the rest is named")
    func tenants() throws {
        var fleet = Fleet()
        var meter = UsageMeter()
        func look(_ rows: Int, _ busy: Duration, _ tenants: [(String, Int, Duration)], at second: Int) -> [UsageKey:
            Int64]
        {
            let report = WorkerReport(
                id: "a", pool: "cpu", state: .ready, started: minute, startUp: .zero, held: 1, settled: rows,
                models: [
                    WorkerReport.ModelReport(
                        queue: "m.1", instances: 1, rows: rows, batches: 1, busy: busy,
                        tenants: tenants.map { WorkerReport.TenantReport(tenant: $0.0, rows: $0.1, busy: $0.2) })
                ])
            _ = fleet.note([report], at: minute + .seconds(second))
            return meter.note(fleet, prices: ["cpu": 36], at: minute + .seconds(second)) ?? [:]
        }
        // What was before the first look is not counted.
        var total = look(100, .seconds(4), [("acme", 50, .seconds(2))], at: 0)
        total.merge(look(150, .seconds(6), [("acme", 60, .seconds(3)), ("globex", 20, .milliseconds(500))], at: 10)) {
            $0 + $1
        }
        total.merge(meter.take()) { $0 + $1 }
        let cost = CostReport([UsageHour(starts: .zero, amounts: total)], from: .zero, to: minute + .seconds(10))
        #expect(cost.tenants.map(\.tenant) == ["acme", "(none)", "globex"])
        #expect(cost.tenants.map(\.rows) == [10, 20, 20])
        // 10 s at 36 an hour are 0.1; of 2 s of computing one was for acme, half a one for globex.
        for (tenant, money) in zip(cost.tenants, [0.05, 0.025, 0.025]) { #expect(abs(tenant.money - money) < 1e-4) }
        #expect(abs(cost.tenants.reduce(0) { $0 + $1.money } - cost.money) < 1e-4)
        #expect(cost.text.contains("tenant   acme: 10 rows, computing 1 s; share 5 worker-seconds, money 0.05"))
    }

    @Test("a key of usage reads back from its text, and other texts are none")
    func keys() {
        for key in [
            UsageKey(.busy, pool: "cpu"), UsageKey(.rows, pool: "cpu", model: "m.1"),
            UsageKey(.rows, pool: "cpu", model: "m.1", tenant: "acme"),
        ] {
            #expect(UsageKey(key.text) == key)
        }
        for text in ["", "busy", "sleeping cpu", "rows cpu m.1 x y"] { #expect(UsageKey(text) == nil) }
    }

    @Test("what the store does not take is counted with the next look")
    func storeAway() async throws {
        let fixture = try Fixture(price: 3.6)
        for second in 0..<40 {
            fixture.store.state.withLock { $0.isAway = (10..<30).contains(second) }
            fixture.queue.set(fixture.model, waiting: second)
            await fixture.look(after: .seconds(1))
        }
        let counted = try await fixture.store.arrivals(at: fixture.model, from: .zero, minutes: 30).compactMap { $0 }
        #expect((25...39).contains(counted.reduce(0, +)), "all but the last seconds, which are still to come")
    }

    @Test("a recording has a header, a line for each step and model, and an end")
    func trace() throws {
        let queue = try #require(QueueName(model: "m", version: "1"))
        let other = try #require(QueueName(model: "a", version: "1"))
        let lines = TraceLines(.jsonl, step: .seconds(1), start: Timestamp(microseconds: 1_780_293_600_000_000))
        #expect(lines.header == #"{"spate_trace":1,"step_ms":1000,"start_ms":1780293600000}"# + "\n")
        #expect(
            lines.lines(2, [queue: 3, other: 1])
                == #"{"t_ms":2000,"model":"a.1","count":1}"# + "\n" + #"{"t_ms":2000,"model":"m.1","count":3}"# + "\n")
        #expect(lines.lines(3, [queue: 0]).isEmpty)
        #expect(lines.footer(60) == #"{"t_ms":60000,"end":true}"# + "\n")
        let table = TraceLines(.csv, step: .seconds(60), start: Timestamp(microseconds: 1_780_293_600_000_000))
        #expect(table.header + table.lines(1, [queue: 3, other: 1]) == "time,count\n1780293660,4\n")
    }
}

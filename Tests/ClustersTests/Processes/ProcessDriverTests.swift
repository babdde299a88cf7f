import Clusters
import Glibc
import Settings
import ScalerCore
import Testing

@Suite("The process driver", .timeLimit(.minutes(1)))
struct ProcessDriverTests {
    let children: ChildProcesses

    init() throws { children = try ChildProcesses() }

    /// A driver whose workers run this shell script; `$0` is the worker's id.
    private func driver(_ script: String, hasGPU: Bool = false) -> ProcessDriver {
        ProcessDriver(
            children: children, executable: "/bin/sh", probe: DeviceProbe { _ in hasGPU },
            killMargin: .zero,
            arguments: { _, worker in ["-c", script, worker] })
    }

    @Test("a worker's start and end are told in order, with how it ended")
    func events() async throws {
        let driver = driver("exit 4")
        let worker = try await driver.start(in: PoolPlace(name: "cpu"))
        var events = driver.events.makeAsyncIterator()
        #expect(await events.next() == .started(worker: worker, pool: "cpu"))
        #expect(
            await events.next()
                == .exited(worker: worker, pool: "cpu", reason: "exit status 4", isFailure: true))
    }

    @Test("the end of a worker killed with SIGKILL is told")
    func killIsToldAtOnce() async throws {
        let driver = driver("exec sleep 1000")
        let worker = try await driver.start(in: PoolPlace())
        var events = driver.events.makeAsyncIterator()
        _ = await events.next()
        let process = try #require(driver.processID(of: worker))
        Glibc.kill(process, SIGKILL)
        #expect(
            await events.next()
                == .exited(worker: worker, pool: "cpu", reason: "signal 9 (SIGKILL)", isFailure: true))
        #expect(driver.processID(of: worker) == nil)
    }

    @Test("a drained worker that leaves by itself has not failed")
    func drainObeys() async throws {
        try await withFIFO { fifo in
            let driver = driver("trap 'exit 0' TERM; echo ready > \(fifo.path); while :; do sleep 1000 & wait; done")
            let worker = try await driver.start(in: PoolPlace(drainTimeout: .seconds(30)))
            #expect(await fifo.readLine() == "ready")
            var events = driver.events.makeAsyncIterator()
            _ = await events.next()
            await driver.drain(worker)
            #expect(
                await events.next()
                    == .exited(worker: worker, pool: "cpu", reason: "exit status 0", isFailure: false))
        }
    }

    @Test("a worker that does not leave is killed after the pool's drain time-out and the margin")
    func drainEscalates() async throws {
        try await withFIFO { fifo in
            let driver = driver("trap '' TERM; echo ready > \(fifo.path); while :; do sleep 1000 & wait; done")
            let worker = try await driver.start(in: PoolPlace(drainTimeout: .milliseconds(80)))
            #expect(await fifo.readLine() == "ready")
            var events = driver.events.makeAsyncIterator()
            _ = await events.next()
            let drained = ContinuousClock.now
            await driver.drain(worker)
            #expect(
                await events.next()
                    == .exited(
                        worker: worker, pool: "cpu", reason: "signal 9 (SIGKILL)", isFailure: true))
            #expect(ContinuousClock.now - drained >= .milliseconds(80))
        }
    }

    @Test("kill ends a worker at once")
    func kill() async throws {
        let driver = driver("trap '' TERM; exec sleep 1000")
        let worker = try await driver.start(in: PoolPlace())
        var events = driver.events.makeAsyncIterator()
        _ = await events.next()
        await driver.kill(worker)
        #expect(
            await events.next()
                == .exited(worker: worker, pool: "cpu", reason: "signal 9 (SIGKILL)", isFailure: true))
        // Nothing happens for a worker that has ended.
        await driver.drain(worker)
        await driver.kill(worker)
    }

    @Test("ids begin with the pool's name and differ at every start")
    func ids() async throws {
        let driver = driver("exit 0")
        var ids: Set<String> = []
        for _ in 0..<20 { ids.insert(try await driver.start(in: PoolPlace(name: "fast"))) }
        #expect(ids.count == 20)
        #expect(ids.allSatisfy { $0.wholeMatch(of: /fast-[0-9a-f]{16}/) != nil })
    }

    @Test("the worker's arguments carry pool and id")
    func arguments() async throws {
        try await withFIFO { fifo in
            let driver = ProcessDriver(
                children: children, executable: "/bin/sh",
                arguments: { pool, worker in ["-c", "echo \"$1 $2\" > \(fifo.path)", "sh", pool.name, worker] })
            let worker = try await driver.start(in: PoolPlace(name: "fast"))
            #expect(await fifo.readLine() == "fast \(worker)")
        }
    }

    @Test("a gpu pool without a GPU says why and starts nothing; with one it starts")
    func devices() async throws {
        let pool = PoolPlace(name: "gpu", device: .gpu)
        let without = driver("exit 0")
        #expect(without.unavailability(of: pool)?.reason.contains("no GPU on this machine") == true)
        #expect(without.unavailability(of: PoolPlace(device: .cpu)) == nil)
        let error = await #expect(throws: WorkerDriverError.self) { try await without.start(in: pool) }
        #expect(error?.code == .unavailable)

        let with = driver("exit 0", hasGPU: true)
        #expect(with.unavailability(of: pool) == nil)
        _ = try await with.start(in: pool)
    }

    @Test("a start that fails is an error and no event")
    func startFails() async throws {
        let driver = ProcessDriver(children: children, executable: "/nowhere", arguments: { _, _ in [] })
        let error = await #expect(throws: WorkerDriverError.self) { try await driver.start(in: PoolPlace()) }
        #expect(error?.code == .startFailed)
        #expect(error?.message.contains("No such file") == true)
    }

    @Test("the external driver says who has to start workers, and knows of no events")
    func external() async {
        let driver = ExternalDriver()
        let pool = PoolPlace(name: "elsewhere", device: .gpu)
        #expect(driver.unavailability(of: pool) == nil)
        let error = await #expect(throws: WorkerDriverError.self) { try await driver.start(in: pool) }
        #expect(error?.code == .notOurs)
        #expect(error?.message.contains("spate worker --pool elsewhere") == true)
        var events = driver.events.makeAsyncIterator()
        #expect(await events.next() == nil)
    }
}

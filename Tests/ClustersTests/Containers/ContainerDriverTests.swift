import Logging
import Settings
import TestSupport
import ScalerCore
import Testing

@testable import Clusters

extension EngineTests {
    @Suite("The container driver", .timeLimit(.minutes(2)))
    struct ContainerDriverTests {
        @Test("a container that a killed scaler left works on: it drains by itself and has not failed")
        func adoption() async throws {
            let place = try ContainerPlace()
            let orphan = try await place.leaveOrphan()
            try await place.withDriver(of: .obedient) { test in
                await test.expectStart(of: orphan, in: "cpu")
                try await test.drain(orphan)
                #expect(try await test.expectEnd(of: orphan).isFailure == false)
            }
            #expect(try await place.leftovers() == [])
        }

        @Test("what ended while no scaler watched is told and removed")
        func endedUnwatched() async throws {
            let place = try ContainerPlace()
            let orphan = try await place.leaveOrphan()
            let listed = try await place.engine.list(cluster: place.cluster)
            #expect(await place.podman.podman("kill \(try #require(listed.first?.Id))"))
            try await place.withDriver(of: .obedient) { test in
                await test.expectStart(of: orphan, in: "cpu")
                let end = try await test.expectEnd(of: orphan)
                #expect(end.isFailure)
            }
            #expect(try await place.leftovers() == [])
        }

        @Test("workers of a pool that is no more are drained")
        func unknownPool() async throws {
            let place = try ContainerPlace()
            let orphan = try await place.leaveOrphan()
            let driver = try ContainerDriver(
                socket: place.podman.socket, cluster: place.cluster, pools: [:], killMargin: .zero,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, arguments: { _, _ in [] })
            let events = EventReader(events: driver.events)
            try await running(driver) {
                #expect(await events.next() == .started(worker: orphan, pool: "cpu"))
                #expect(
                    await events.next()
                        == .exited(worker: orphan, pool: "cpu", reason: "exit status 0", isFailure: false))
            }
            #expect(try await place.leftovers() == [])
        }

        @Test("limits, labels and the stop's grace reach the engine")
        func description() async throws {
            let place = try ContainerPlace()
            let made = ContainerPool(
                image: PodmanEngine.image, environment: ["COLOUR": "green"], network: "host", memoryBytes: 64 << 20,
                processors: 0.5)
            let driver = try place.driver("sleep 1000", made)
            let worker = try await driver.start(in: PoolPlace(drainTimeout: .seconds(7)))
            let container = try #require(driver.container(of: worker))
            let format =
                "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.NetworkMode}} {{.Config.StopTimeout}} "
                + "{{index .Config.Labels \\\"spate.pool\\\"}} {{.HostConfig.RestartPolicy.Name}} {{.Config.Env}}"
            // The engine gives the environment in any order.
            let expected = ["^67108864 500000000 host 8 cpu no ", "COLOUR=green", "SPATE_WORKER_ID=\(worker)"]
            let checks = expected.map { "grep -q '\($0)' \(place.podman.folder.path)/inspected" }.joined(
                separator: " && ")
            #expect(
                await place.podman.podman(
                    "inspect --format \"\(format)\" \(container) > \(place.podman.folder.path)/inspected && \(checks)"))
            try await running(driver) { await driver.kill(worker) }
            try await place.engine.remove(container)
        }

        @Test("a worker that uses more memory than its pool allows is killed, and has failed")
        func memory() async throws {
            let place = try ContainerPlace()
            let made = ContainerPool(image: PodmanEngine.image, network: "host", memoryBytes: 16 << 20)
            let driver = try place.driver("x=0123456789; while :; do x=$x$x; done", made)
            let test = place.under(test: driver, fifo: nil)
            try await running(driver) {
                let worker = try await test.start()
                await test.expectStart(of: worker, in: "cpu")
                let end = try await test.expectEnd(of: worker)
                #expect(end.isFailure)
                // Some engines do not see who killed it.
                #expect(end.reason.contains("more memory") || end.reason == "signal 9 (SIGKILL)", "\(end.reason)")
            }
            #expect(try await place.leftovers() == [])
        }

        @Test("an engine that goes away and comes back: said so, and a death meanwhile is told")
        func engineRestarts() async throws {
            let place = try ContainerPlace()
            let engine = try await place.podman.second()
            try await withFIFO { fifo in
                let driver = try place.driver(
                    ContainerPlace.script(.obedient), place.made(fifo), socket: engine.socket)
                let test = place.under(test: driver, fifo: fifo)
                try await running(driver) {
                    let worker = try await test.start()
                    await test.expectStart(of: worker, in: "cpu")
                    await engine.stop()
                    try await eventually("the driver's word") { driver.unavailability(of: place.pool) != nil }
                    #expect(
                        driver.unavailability(of: place.pool)?.reason.contains("no container engine answers") == true)
                    let error = await #expect(throws: WorkerDriverError.self) { try await driver.start(in: place.pool) }
                    #expect(error?.code == .unavailable)
                    try await test.crash(worker)
                    try await engine.start()
                    let end = try await test.expectEnd(of: worker)
                    #expect(end.reason == "signal 9 (SIGKILL)")
                    try await eventually("the engine's return") { driver.unavailability(of: place.pool) == nil }
                }
            }
            await engine.stop()
            #expect(try await place.leftovers() == [])
        }
    }
}

@Suite("What the container driver says and decides")
struct ContainerValueTests {
    @Test(
        "the newest version that both sides know is spoken",
        arguments: [
            ("1.41", "1.24", "1.41"), ("1.56", "1.44", "1.47"), ("1.40", nil, "1.40"), ("1.39", "1.12", nil),
            ("1.60", "1.50", nil),
        ] as [(String, String?, String?)])
    func versions(current: String, minimum: String?, agreed: String?) throws {
        let version = EngineVersion.agreed(
            current: try #require(EngineVersion(current)), minimum: minimum.flatMap { EngineVersion($0) })
        #expect(version?.description == agreed)
    }

    @Test("how a container ended is said in words")
    func words() {
        typealias Inner = EngineValues.Inspected.Inner
        #expect(ContainerDriver.words(nil) == ("its container is gone", true))
        #expect(ContainerDriver.words(Inner(Running: false, ExitCode: 0)) == ("exit status 0", false))
        #expect(ContainerDriver.words(Inner(Running: false, ExitCode: 137)) == ("signal 9 (SIGKILL)", true))
        #expect(
            ContainerDriver.words(Inner(Running: false, ExitCode: 137, OOMKilled: true))
                == ("it used more memory than its pool allows and was killed", true))
    }

    @Test("a GPU is there when the engine or the machine shows it")
    func gpus() {
        let none = DeviceProbe { _ in false }
        #expect(EngineHealth.gpuProblem(.init(Runtimes: ["runc": .init()]), probe: none)?.contains("no GPU") == true)
        #expect(EngineHealth.gpuProblem(.init(Runtimes: ["nvidia": .init()]), probe: none) == nil)
        #expect(EngineHealth.gpuProblem(.init(), probe: DeviceProbe { _ in true }) == nil)
    }

    @Test("an end is told once, and not before its start")
    func ledger() {
        var ledger = ContainerLedger()
        ledger.noteOrder("w", in: "cpu", grace: .seconds(1))
        ledger.noteCreated("w", container: "c")
        let isEarly = ledger.beginSettling("c")
        #expect(!isEarly)
        let ended = ledger.noteStarted("w")
        #expect(ended == "c")
        let claims = (ledger.beginSettling("c"), ledger.beginSettling("c"))
        #expect(claims == (true, false))
        let ends = (ledger.settle("c")?.worker, ledger.settle("c")?.worker)
        #expect(ends == ("w", nil))
        #expect(ledger.entries.isEmpty)
    }

    @Test("a signal that the engine did not take is owed until it does, and SIGKILL wins over SIGTERM")
    func owedSignals() {
        var ledger = ContainerLedger()
        let adoptions = (1...2).map { _ in ledger.adopt("w", in: "cpu", container: "c", grace: .seconds(1)) }
        #expect(adoptions == [true, false])
        let drains = (1...2).map { _ in ledger.drain("w") }
        #expect(drains == ["c", nil])
        #expect(ledger.owed.map(\.signal) == [.end])
        let killed = ledger.kill("w")
        #expect(killed == "c")
        ledger.noteSignalled("c", .end)
        #expect(ledger.owed.map(\.signal) == [.kill])
        ledger.noteSignalled("c", .kill)
        #expect(ledger.owed.isEmpty)
        #expect(ledger.missing(from: []) == ["c"])
        #expect(ledger.missing(from: ["c"]).isEmpty)
    }
}

import Clusters
import Settings
import ScalerCore
import Testing

/// One thing that every driver does. A new driver is tested by all rules, a new rule tests all drivers.
struct ConformanceRule: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: WorkerKind
    let check: @Sendable (any DriverPlace) async throws -> Void

    var testDescription: String { name }

    init(
        _ name: String, kind: WorkerKind = .obedient,
        _ check: @escaping @Sendable (any DriverPlace) async throws -> Void
    ) {
        self.name = name
        self.kind = kind
        self.check = check
    }

    /// Checks the rule, and that nothing is left of it.
    func holds(in place: any DriverPlace) async throws {
        guard place.kinds.contains(kind) else { return }
        try await check(place)
        #expect(try await place.leftovers() == [], "something was left behind")
    }

    static let all = [
        startIsTold, idsDiffer, drainIsGraceful, drainRepeats, drainEscalates, killIsImmediate, deathIsTold,
        ownEndIsTold,
        failedStartIsClear, unavailabilityIsClear, orphansAreFound,
    ]

    // MARK: Starts

    static let startIsTold = Self("a start gives an id, and is told before the end") { place in
        try await place.withDriver(of: .obedient) { test in
            let worker = try await test.start()
            #expect(!worker.isEmpty)
            #expect(worker.utf8.count <= 128)
            await test.expectStart(of: worker, in: place.pool.name)
            try await test.drain(worker)
            _ = try await test.expectEnd(of: worker)
        }
    }

    static let idsDiffer = Self("no two starts give the same id") { place in
        try await place.withDriver(of: .obedient) { test in
            var workers: Set<String> = []
            for _ in 0..<3 { workers.insert(try await test.start()) }
            #expect(workers.count == 3)
            var open = workers
            for worker in workers { try await test.drain(worker) }
            while !open.isEmpty, let event = await test.events.next() {
                if case .exited(let worker, _, _, _, _) = event { open.remove(worker) }
            }
        }
    }

    // MARK: Orders to leave

    static let drainIsGraceful = Self("a drained worker leaves by itself and has not failed") { place in
        try await place.withDriver(of: .obedient) { test in
            let worker = try await test.start()
            await test.expectStart(of: worker, in: place.pool.name)
            try await test.drain(worker)
            let end = try await test.expectEnd(of: worker)
            #expect(!end.isFailure, "\(end.reason)")
        }
    }

    static let drainRepeats = Self("draining twice, or one that has ended, changes nothing") { place in
        try await place.withDriver(of: .obedient) { test in
            let worker = try await test.start()
            await test.expectStart(of: worker, in: place.pool.name)
            try await test.drain(worker)
            try await test.drain(worker)
            let end = try await test.expectEnd(of: worker)
            #expect(!end.isFailure, "\(end.reason)")
            try await test.drain(worker)
            await test.driver.kill(worker)
            await test.driver.kill("nobody")
            // The next event belongs to the next worker: nothing was told twice.
            let next = try await test.start()
            await test.expectStart(of: next, in: place.pool.name)
            try await test.drain(next)
            _ = try await test.expectEnd(of: next)
        }
    }

    static let drainEscalates = Self("a worker that does not leave is killed after its grace", kind: .stubborn) {
        place in
        try await place.withDriver(of: .stubborn) { test in
            let worker = try await test.start()
            await test.expectStart(of: worker, in: place.pool.name)
            let drained = ContinuousClock.now
            try await test.drain(worker)
            let end = try await test.expectEnd(of: worker)
            #expect(end.isFailure)
            #expect(ContinuousClock.now - drained >= place.pool.drainTimeout)
        }
    }

    static let killIsImmediate = Self("kill ends a worker at once, whatever it does") { place in
        try await place.withDriver(of: place.kinds.contains(.stubborn) ? .stubborn : .obedient) { test in
            let worker = try await test.start()
            await test.expectStart(of: worker, in: place.pool.name)
            await test.driver.kill(worker)
            let end = try await test.expectEnd(of: worker)
            #expect(end.isFailure, "\(end.reason)")
        }
    }

    // MARK: Deaths

    static let deathIsTold = Self("a death is told at once, with its reason") { place in
        try await place.withDriver(of: .obedient) { test in
            let worker = try await test.start()
            await test.expectStart(of: worker, in: place.pool.name)
            try await test.crash(worker)
            let died = ContinuousClock.now
            let end = try await test.expectEnd(of: worker)
            #expect(end.isFailure)
            #expect(end.reason.contains("signal 9"), "\(end.reason)")
            // A loaded machine must not fail a test; polls and leases take far longer than this.
            #expect(ContinuousClock.now - died < .seconds(5))
        }
    }

    static let ownEndIsTold = Self("a worker that ends by itself is told with its status", kind: .brief) { place in
        try await place.withDriver(of: .brief) { test in
            let worker = try await test.start()
            await test.expectStart(of: worker, in: place.pool.name)
            let end = try await test.expectEnd(of: worker)
            #expect(end.isFailure)
            #expect(end.reason.contains("exit status 4"), "\(end.reason)")
        }
    }

    // MARK: What goes wrong

    static let failedStartIsClear = Self("a start that fails says what failed and where, and tells no event") { place in
        try await place.withBrokenDriver { test in
            let error = await #expect(throws: WorkerDriverError.self) { try await test.start() }
            #expect(error?.message.contains("pool \(place.pool.name)") == true, "\(String(describing: error))")
            #expect((error?.message.utf8.count ?? 0) > 30)
        }
    }

    static let unavailabilityIsClear = Self("a pool that cannot have workers says why, and starts none") { place in
        try await place.unavailable { driver, pool, word in
            #expect(
                driver.unavailability(of: pool)?.reason.contains(word) == true,
                "\(driver.unavailability(of: pool)?.reason ?? "nil")")
            if driver.ordering.isOneByOne {
                let error = await #expect(throws: WorkerDriverError.self) { try await driver.start(in: pool) }
                #expect(error?.code == .unavailable)
            }
        }
    }

    static let orphansAreFound = Self("a worker of a scaler that was killed is found, and can be ended") { place in
        let worker = try await place.leaveOrphan()
        try await place.withDriver(of: .obedient) { test in
            await test.expectStart(of: worker, in: place.pool.name)
            await test.driver.kill(worker)
            _ = try await test.expectEnd(of: worker)
        }
    }
}

import Jobs
import Testing
import Time

@testable import WorkerCore

@Suite struct FaultWatchTests {
    private func fault(_ kind: ServingFault.Kind, until: Duration) -> ServingFault {
        ServingFault(
            kind, pool: "cpu", queue: "m.1", reason: "it", since: .zero, until: .zero + until, stamp: "v1")
    }

    private func at(_ seconds: Int) -> Timestamp { .zero + .seconds(seconds) }

    @Test("what failed to load is tried again when its time is near, or its files changed")
    func load() {
        var watch = FaultWatch(after: fault(.load, until: .seconds(60)), isOnBoard: true, at: .zero)
        #expect(watch.look(stamp: "v1", isOnBoard: true, at: at(49)) == .wait)
        #expect(watch.look(stamp: "v1", isOnBoard: true, at: at(50)) == .tryAgain)
        #expect(watch.look(stamp: "v2", isOnBoard: true, at: at(1)) == .tryAgain)
    }

    @Test("what somebody took off the board is tried at once; what was never on it is not taken for that")
    func takenOff() {
        var noted = FaultWatch(after: fault(.load, until: .seconds(60)), isOnBoard: true, at: .zero)
        #expect(noted.look(stamp: "v1", isOnBoard: nil, at: at(1)) == .wait, "it could not be asked")
        #expect(noted.look(stamp: "v1", isOnBoard: false, at: at(2)) == .tryAgain)
        var unnoted = FaultWatch(after: fault(.load, until: .seconds(60)), isOnBoard: false, at: .zero)
        #expect(unnoted.look(stamp: "v1", isOnBoard: false, at: at(1)) == .wait)
        #expect(unnoted.look(stamp: "v1", isOnBoard: true, at: at(2)) == .wait)
        #expect(unnoted.look(stamp: "v1", isOnBoard: false, at: at(3)) == .tryAgain)
    }

    @Test("what workers died with has no time of its own, takes the turn, and stays noted meanwhile")
    func deaths() {
        var watch = FaultWatch(after: fault(.deaths, until: .seconds(600)), isOnBoard: true, at: .zero)
        #expect(watch.look(stamp: "v1", isOnBoard: true, at: at(300)) == .wait)
        #expect(watch.look(stamp: "v1", isOnBoard: true, at: at(301)) == .refresh)
        #expect(watch.look(stamp: "v1", isOnBoard: true, at: at(600)) == .wait)
        #expect(watch.look(stamp: "v1", isOnBoard: true, at: at(5_000)) == .refresh)
        #expect(watch.look(stamp: "v2", isOnBoard: true, at: at(5_001)) == .askForTurn)
    }

    @Test("a suspect is not noted anew; deaths with the changed files count like those before")
    func learns() {
        var watch = FaultWatch(after: fault(.deaths, until: .zero), isOnBoard: true, at: at(1))
        #expect(watch.look(stamp: "v1", isOnBoard: true, at: at(5_000)) == .wait)
        var known = fault(.deaths, until: .seconds(6_000))
        known.stamp = "v2"
        #expect(watch.look(stamp: "v2", isOnBoard: true, at: at(5_001)) == .askForTurn)
        watch.learned(known, at: at(5_001))
        #expect(watch.look(stamp: "v2", isOnBoard: true, at: at(5_002)) == .refresh)
        #expect(watch.fault == known)
    }
}

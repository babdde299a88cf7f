import Clusters
import Glibc
import Settings
import Testing

/// The scaler is killed, and its worker must not stay.
@Suite("Death of the parent", .timeLimit(.minutes(1)))
struct ParentDeathTests {
    @Test("when the parent is killed with SIGKILL its workers end")
    func workersEndWithParent() async throws {
        let worker = try await ScalerStandIn.killed(
            try ChildProcesses(), running: "echo $$ > $FIFO; exec sleep 1000", cluster: "parent-death")
        #expect(await hasEnded(try #require(Int32(worker)), within: .seconds(10)))
    }

    @Test("a worker that ignores the kernel's SIGTERM is ended by the next scaler, after its own grace")
    func orphanIsEnded() async throws {
        let place = try ProcessPlace()
        let worker = try await place.leaveOrphan()
        try await place.withDriver(of: .obedient) { test in
            await test.expectStart(of: worker, in: "cpu")
            let end = try await test.expectEnd(of: worker)
            #expect(end.reason == "its scaler had ended before it")
        }
        #expect(try await place.leftovers() == [])
    }

    @Test("the scalers of two clusters leave each other's orphans alone, and a living scaler's workers are none")
    func othersAreLeftAlone() async throws {
        let one = try ProcessPlace()
        let orphan = try await one.leaveOrphan()
        let other = try ProcessPlace()
        try await other.withDriver(of: .obedient) { test in
            #expect(try await other.leftovers() == [])
            let worker = try await test.start()
            #expect(try await other.leftovers() == [])
            await test.expectStart(of: worker, in: "cpu")
            try await test.drain(worker)
            _ = try await test.expectEnd(of: worker)
        }
        #expect(try await one.leftovers() == [orphan])
        try await one.withDriver(of: .obedient) { test in
            await test.expectStart(of: orphan, in: "cpu")
            _ = try await test.expectEnd(of: orphan)
        }
    }
}

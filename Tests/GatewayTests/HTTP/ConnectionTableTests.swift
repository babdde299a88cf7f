import Logging
import NIOCore
import Processes
import Settings
import Synchronization
import Testing

@testable import Gateway

@Suite struct ConnectionTableTests {
    private let table: ConnectionTable
    private let ended = Ended()
    private let clock = Clock()

    init() {
        table = ConnectionTable(
            bound: .init(regular: 3, reserve: 2), logger: Logger(label: "test"),
            now: { [clock] in clock.now.withLock { $0 } })
    }

    /// A clock that the test turns.
    private final class Clock: Sendable {
        let now = Mutex(ContinuousClock.now)
    }

    private final class Ended: Sendable {
        let names = Mutex<[String]>([])
    }

    /// A connection that comes `later` than the one before.
    private func enter(_ name: String, later: Duration = .seconds(1)) -> ConnectionTable.Seat? {
        clock.now.withLock { $0 += later }
        return table.enter { [ended] in
            if $0 is ConnectionEnd { ended.names.withLock { $0.append(name) } }
        }
    }

    private var names: [String] { ended.names.withLock { $0 } }

    @Test("at the bound the connection that idles the longest makes room")
    func evictsIdle() throws {
        let (a, b, c) = (try #require(enter("a")), try #require(enter("b")), try #require(enter("c")))
        a.busy()
        a.idle()
        c.busy()
        #expect(try #require(enter("d")).claim() == .served)
        #expect(names == ["b"] && table.count == 3)
        _ = enter("e")
        #expect(names == ["b", "a"])
        b.leave()
        a.leave()
        #expect(table.count == 3)
    }

    @Test("when none idles, a few are let in for health checks, then none; a free place is taken by who came first")
    func reserve() throws {
        let seats = try ["a", "b", "c"].map { try #require(enter($0)) }
        for seat in seats { seat.busy() }
        let d = try #require(enter("d"))
        d.busy()
        let e = try #require(enter("e"))
        e.busy()
        #expect(d.claim() == .full && e.claim() == .full)
        #expect(enter("f") == nil)
        #expect(names.isEmpty)
        seats[0].leave()
        #expect(d.claim() == .served && e.claim() == .full && d.claim() == .served)
        #expect(table.count == 4)
    }

    @Test("an idle connection on the reserve is ended like any other")
    func reserveIdles() throws {
        for name in ["a", "b", "c"] { try #require(enter(name)).busy() }
        for name in ["d", "e", "f", "g", "h"] { #expect(enter(name) != nil) }
        #expect(names == ["d", "e", "f", "g"])
    }

    @Test("a new connection, whose request may be on its way, is ended only when the reserve is used up too")
    func fresh() throws {
        for name in ["a", "b", "c", "d", "e"] { #expect(enter(name, later: .milliseconds(10)) != nil) }
        #expect(names.isEmpty && table.count == 5)
        #expect(enter("f", later: .milliseconds(10)) != nil)
        #expect(names == ["a"] && table.count == 5)
    }

    @Test("a request on the reserve takes the place of a connection that idles, once that had its moment")
    func requestBeforeIdle() throws {
        let seats = try ["a", "b", "c", "d"].map { try #require(enter($0, later: .milliseconds(10))) }
        seats[3].busy()
        #expect(seats[3].claim() == .soon(.milliseconds(220)))
        #expect(names.isEmpty)
        seats[0].busy()
        #expect(seats[3].claim() == .soon(.milliseconds(230)))
        clock.now.withLock { $0 += .milliseconds(230) }
        #expect(seats[3].claim() == .served)
        #expect(names == ["b"] && table.count == 3)
    }

    @Test("what idles on the reserve makes no room for a request, and is left alone")
    func reserveMakesNoRoom() throws {
        for name in ["a", "b", "c"] { try #require(enter(name)).busy() }
        #expect(enter("health") != nil)
        let request = try #require(enter("e", later: .milliseconds(10)))
        request.busy()
        clock.now.withLock { $0 += .seconds(1) }
        #expect(request.claim() == .full)
        #expect(names.isEmpty && table.count == 5)
    }

    @Test("a connection that was told to end takes no place, whatever still comes on it")
    func endingClaims() throws {
        let seats = try ["a", "b", "c"].map { try #require(enter($0)) }
        for seat in seats { seat.busy() }
        let ending = try #require(enter("d"))
        #expect(enter("e") != nil)
        #expect(names == ["d"])
        seats[0].leave()
        #expect(ending.claim() == .served)
        ending.leave()
        // The place is still there for another.
        let late = try #require(enter("g"))
        late.busy()
        #expect(late.claim() == .served)
        #expect(table.count == 3)
    }

    @Test("without a descriptor the longest idle ones make room, and the bound stays where it is reached")
    func exhausted() throws {
        try #require(enter("a")).busy()
        #expect(enter("b") != nil && enter("c") != nil)
        table.exhausted(.process)
        #expect(names == ["b"] && table.bound.regular == 2)
        table.exhausted(.process)
        table.exhausted(.process)
        #expect(names == ["b", "c"] && table.bound.regular == 1 && table.count == 1)
    }

    @Test("what the machine lacks ends idle connections and leaves the bound as it is")
    func machineShort() throws {
        try #require(enter("a")).busy()
        #expect(enter("b") != nil)
        table.exhausted(.machine)
        #expect(names == ["b"] && table.count == 1 && table.bound.regular == 3)
    }

    @Test("a lowered bound grows back with each minute without a failure, and no further than it was")
    func growsBack() throws {
        for name in ["a", "b", "c"] { #expect(enter(name) != nil) }
        for _ in 0..<3 { table.exhausted(.process) }
        #expect(table.bound.regular == 1)
        clock.now.withLock { $0 += .seconds(59) }
        #expect(table.bound.regular == 1)
        clock.now.withLock { $0 += .seconds(1) }
        #expect(table.bound.regular == 2)
        clock.now.withLock { $0 += .seconds(3600) }
        #expect(table.bound.regular == 3)
    }

    @Test("a hundred thousand requests leave no trace in the table")
    func bounded() throws {
        let seat = try #require(enter("a"))
        for _ in 0..<100_000 {
            seat.busy()
            seat.idle()
        }
        _ = enter("b")
        _ = enter("c")
        _ = enter("d")
        #expect(names == ["a"])
    }

    @Test(
        "the bound leaves descriptors for everything else",
        arguments: [(40, 20, 4), (1_000, 704, 46), (20_000, 19_680, 64), (0, 4, 4), (10, 4, 4)])
    func bound(spare: Int, regular: Int, reserve: Int) {
        let limit = DescriptorLimit(soft: spare + 30, hard: spare + 30, open: 30)
        #expect(ConnectionTable.Bound(GatewaySettings(), limit) == .init(regular: regular, reserve: reserve))
        #expect(ConnectionTable.Bound(GatewaySettings(maximumConnections: 2), limit).regular == 2)
    }
}

import NIOCore
import Testing

@testable import RedisClient

@Suite struct PendingRepliesTests {
    private func makeRequest(commands: Int, deadline: Int64 = 1) -> RedisRequest {
        RedisRequest(
            commands: Array(repeating: RedisCommand("PING"), count: commands),
            deadline: .uptimeNanoseconds(0) + .seconds(deadline)
        ) { _ in }
    }

    @Test("gives each request as many replies as it has commands, in order")
    func matchesInOrder() throws {
        var pending = PendingReplies()
        pending.append(makeRequest(commands: 1))
        pending.append(makeRequest(commands: 2))
        var entries: [PendingReplies.Entry?] = []
        for number: Int64 in 1...3 { entries.append(try pending.receive(.integer(number))) }
        #expect(entries.map(\.?.replies) == [[.integer(1)], nil, [.integer(2), .integer(3)]])
        #expect(pending.isEmpty)
        #expect(pending.load == RedisLoad())
    }

    @Test("a reply that nobody asked for is a protocol violation")
    func refusesStrayReplies() {
        var pending = PendingReplies()
        do throws(RedisError) {
            _ = try pending.receive(.null)
            Issue.record("a stray reply was taken")
        } catch {
            #expect(error.code == .protocolViolation)
        }
    }

    @Test("knows the earliest deadline wherever it stands in the line")
    func findsTheEarliestDeadline() {
        var pending = PendingReplies()
        for deadline: Int64 in [9, 3, 5] { pending.append(makeRequest(commands: 1, deadline: deadline)) }
        #expect(pending.earliestDeadline == .uptimeNanoseconds(0) + .seconds(3))
        let entries = pending.removeAll()
        #expect(entries.count == 3)
        #expect(pending.earliestDeadline == nil)
    }

    @Test("a late request hears of it once, and its replies do not go to the next")
    func keepsThePlaceOfLateRequests() throws {
        var pending = PendingReplies()
        for deadline: Int64 in [1, 9] { pending.append(makeRequest(commands: 1, deadline: deadline)) }
        let now = NIODeadline.uptimeNanoseconds(0) + .seconds(5)
        let late = [pending.takeLate(at: now), pending.takeLate(at: now)]
        #expect(late.map(\.count) == [1, 0])
        #expect(pending.hasAbandoned)
        let replies = [try pending.receive(.integer(1))?.replies, try pending.receive(.integer(2))?.replies]
        #expect(replies == [nil, [.integer(2)]])
        #expect(!pending.hasAbandoned && pending.load == RedisLoad())
    }

    @Test("at the end of the connection late requests are not told again")
    func endsEachRequestOnce() {
        var pending = PendingReplies()
        for deadline: Int64 in [1, 9] { pending.append(makeRequest(commands: 1, deadline: deadline)) }
        let late = pending.takeLate(at: .uptimeNanoseconds(0) + .seconds(5))
        let rest = pending.removeAll()
        #expect(late.count == 1 && rest.count == 1)
        #expect(pending.isEmpty && !pending.hasAbandoned)
    }
}

import NIOCore
import Random
import Synchronization
import TestKit
import Testing

@testable import RedisClient

@Suite struct ClientStateTests {
    private typealias State = ClientState<Int>

    private func makeRequest(
        deadline: Int64 = 100, bytes: Int = 0, caller: RedisCaller? = nil, complete: @escaping @Sendable () -> Void = {}
    ) -> RedisRequest {
        var command = RedisCommand("SET")
        command.append(ByteBuffer(repeating: 0, count: bytes))
        return RedisRequest(commands: [command], deadline: time(deadline), caller: caller) { _ in complete() }
    }

    private func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    private func makeState(_ limits: State.Limits = .init()) -> State { State(label: "redis://h", limits: limits) }

    @Test("schedules one flush for many requests of one turn")
    func schedulesOneFlush() throws {
        var state = makeState()
        let isAdopted = state.connected(1)
        let early = state.flush(now: time(0))
        #expect(isAdopted && early == nil)
        let first = state.submit(makeRequest())
        let second = state.submit(makeRequest())
        #expect(first.isFlush && !second.isFlush)
        let batch = state.flush(now: time(0))
        #expect(batch?.requests.count == 2)
        let third = state.submit(makeRequest())
        #expect(third.isFlush)
    }

    @Test("requests wait for the connection and leave when it comes")
    func waitsForTheConnection() {
        var state = makeState()
        let submission = state.submit(makeRequest())
        let isAdopted = state.connected(1)
        let batch = state.flush(now: time(1))
        #expect(submission.expiry == time(100) && isAdopted)
        #expect(batch?.connection == 1 && batch?.requests.count == 1)
    }

    @Test("a caller who does not wait any more takes back what was not sent, and only that")
    func withdraws() {
        var state = makeState()
        let (one, other) = (RedisCaller(), RedisCaller())
        _ = state.submit(makeRequest(deadline: 10, caller: one))
        _ = state.submit(makeRequest(deadline: 20, caller: other))
        #expect(state.withdraw(one)?.deadline == time(10))
        #expect(state.withdraw(one) == nil)
        _ = state.connected(1)
        #expect(state.withdraw(other) == nil, "it leaves with the next flush")
        #expect(state.flush(now: time(0))?.requests.map(\.deadline) == [time(20)])
    }

    @Test("asks to look for late requests once per earliest deadline")
    func armsTheEarliestDeadline() {
        var state = makeState()
        let armed = [10, 20, 5].map { state.submit(makeRequest(deadline: $0)).expiry }
        #expect(armed == [time(10), nil, time(5)])
        let (late, next) = state.expire(armedFor: time(5), now: time(5))
        #expect(late.map(\.deadline) == [time(5)] && next == time(10))
        let (rest, last) = state.expire(armedFor: time(10), now: time(30))
        #expect(rest.count == 2 && last == nil)
    }

    @Test("a request that waited too long is not sent after the connection came back")
    func dropsLateRequestsAtFlush() {
        var state = makeState()
        for deadline: Int64 in [1, 9] { _ = state.submit(makeRequest(deadline: deadline)) }
        _ = state.connected(1)
        let batch = state.flush(now: time(5))
        #expect(batch?.late.map(\.deadline) == [time(1)])
        #expect(batch?.requests.map(\.deadline) == [time(9)])
    }

    @Test("while Redis is away the eleventh command of ten is refused, and says why Redis is away")
    func boundsWhatWaits() {
        var state = makeState(.init(waitingCommands: 10))
        _ = state.disconnected(RedisError(.connectionFailed, "nobody listens"))
        let refusals = (0..<11).map { _ in state.submit(makeRequest()).refusal }
        #expect(refusals.dropLast().allSatisfy { $0 == nil })
        #expect(refusals.last??.code == .overloaded)
        #expect(refusals.last??.message.contains("nobody listens") == true)
    }

    @Test("bytes are bounded while connected too, and settled commands make room")
    func boundsBytes() {
        var state = makeState(.init(bytes: 1_000))
        _ = state.connected(1)
        let request = makeRequest(bytes: 600)
        let first = state.submit(request).refusal
        let second = state.submit(request).refusal
        _ = state.flush(now: time(0))
        let third = state.submit(request).refusal
        state.settled(request.load)
        let fourth = state.submit(request).refusal
        #expect([first, second, third, fourth].map(\.?.code) == [nil, .overloaded, .overloaded, nil])
    }

    @Test("what a lost connection owed makes room for others")
    func forgetsALostConnection() {
        var state = makeState(.init(bytes: 1_000))
        _ = state.connected(1)
        let request = makeRequest(bytes: 600)
        _ = state.submit(request)
        _ = state.flush(now: time(0))
        _ = state.disconnected(RedisError(.connectionLost, "gone"))
        let refusal = state.submit(request).refusal
        #expect(refusal == nil)
    }

    @Test("refused credentials fail waiting and later requests at once, until a connection is made")
    func refusedCredentials() {
        var state = makeState()
        _ = state.submit(makeRequest())
        let (_, refused) = state.disconnected(RedisError(.authenticationFailed, "no"))
        let later = state.submit(makeRequest()).refusal
        #expect(refused.count == 1 && later?.code == .authenticationFailed)
        _ = state.connected(1)
        let afterwards = state.submit(makeRequest()).refusal
        #expect(afterwards == nil)
    }

    @Test("a closed client refuses everything and takes no connection")
    func closed() {
        var state = makeState()
        _ = state.connected(1)
        _ = state.submit(makeRequest())
        let (connection, refused) = state.close()
        #expect(connection == 1 && refused.count == 1)
        let isAdopted = state.connected(2)
        let refusal = state.submit(makeRequest()).refusal
        #expect(!isAdopted && refusal?.code == .closed)
    }

    @Test("whatever happens in whatever order, each request is written, late or refused exactly once")
    func answersEachRequestOnce() {
        var generator = SeededGenerator()
        let seed = generator.seed
        for _ in 0..<300 {
            var state = makeState(.init(waitingCommands: 5, unansweredCommands: 8))
            let seen = Mutex<[Int: Int]>([:])
            func settle(_ requests: [RedisRequest]) { for request in requests { request.complete(.success([])) } }
            var now: Int64 = 0
            var flushOwed = false
            var timers: [NIODeadline] = []
            let count = 60
            for number in 0..<count {
                let deadline = now + Int64.random(in: 1...6, using: &generator)
                let request = makeRequest(deadline: deadline) { seen.withLock { $0[number, default: 0] += 1 } }
                switch state.submit(request) {
                case .accepted: break
                case .flush: flushOwed = true
                case .expire(let deadline): timers.append(deadline)
                case .refused: settle([request])
                }
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: flushOwed = state.connected(number)
                case 1:
                    let (deadline, refused) = state.disconnected(RedisError(.connectionLost, "gone"))
                    if let deadline { timers.append(deadline) }
                    settle(refused)
                case 2: now += 1
                default: break
                }
                for deadline in timers where deadline <= time(now) {
                    let (late, next) = state.expire(armedFor: deadline, now: time(now))
                    settle(late)
                    if let next { timers.append(next) }
                }
                timers.removeAll { $0 <= time(now) }
                if flushOwed, let batch = state.flush(now: time(now)) {
                    settle(batch.requests + batch.late)
                    for request in batch.requests { state.settled(request.load) }
                }
                flushOwed = false
            }
            settle(state.close().refused)
            #expect(
                seen.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, 1) }), "seed \(seed)")
        }
    }
}

extension ClientState.Submission {
    fileprivate var isFlush: Bool { if case .flush = self { true } else { false } }

    fileprivate var expiry: NIODeadline? { if case .expire(let deadline) = self { deadline } else { nil } }

    fileprivate var refusal: RedisError? { if case .refused(let error) = self { error } else { nil } }
}

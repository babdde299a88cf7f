import Clocks
import GatewayCore
import Jobs
import NIOCore
import Synchronization
import TestKit
import TestSupport
import Testing
import Time

@testable import Gateway

/// A clock that stands still until a test moves it, and tells who sleeps.
private final class HandClock: Sendable {
    private struct State {
        var now = Timestamp.zero
        var sleepers: [(end: Timestamp, wake: CheckedContinuation<Void, any Error>, number: Int)] = []
        var last = 0
    }
    private let state = Mutex(State())
    /// Each sleep, when it begins.
    let sleeps: AsyncStream<Duration>
    private let sleep: AsyncStream<Duration>.Continuation

    init() { (sleeps, sleep) = AsyncStream.makeStream() }

    var clock: WaitClock {
        WaitClock(now: { self.state.withLock { $0.now } }, sleep: { try await self.sleep(for: $0) })
    }

    private func sleep(for time: Duration) async throws {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
                let isCancelled = state.withLock { state in
                    // Asked once: it may change at any moment.
                    let isCancelled = Task.isCancelled
                    if !isCancelled { state.sleepers.append((state.now + time, wake, number)) }
                    return isCancelled
                }
                if isCancelled { wake.resume(throwing: CancellationError()) } else { self.sleep.yield(time) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.first { $0.number == number }
                state.sleepers.removeAll { $0.number == number }
                return sleeper
            }
            sleeper?.wake.resume(throwing: CancellationError())
        }
    }

    func advance(by time: Duration) {
        let due = state.withLock { state in
            state.now = state.now + time
            let now = state.now
            let due = state.sleepers.filter { $0.end <= now }
            state.sleepers.removeAll { $0.end <= now }
            return due
        }
        for sleeper in due { sleeper.wake.resume() }
    }
}

@Suite struct CallTableTests {
    private func id(_ sequence: UInt64 = 0) throws -> JobID {
        JobID(
            queue: try #require(QueueName(model: "m", version: "1")), priority: .normal,
            entry: EntryID(milliseconds: 1, sequence: sequence))
    }

    private func outcome(_ id: JobID, _ token: CallToken) -> Outcome {
        Outcome(
            id: id, replyTo: ReplyAddress(gateway: "g", token: token.rawValue), echo: ByteBuffer(), ending: .expired,
            run: RunRecord(submitted: .zero, settled: .zero, worker: "w"))
    }

    private func terms(_ timeout: Duration = .seconds(20)) -> CallTerms {
        CallTerms(timeout: timeout, deadline: nil, isRepeatable: false, retention: .seconds(600))
    }

    @Test("sleeps while nobody waits, and until the next who is due", .timeLimit(.minutes(1)))
    func sleepsUntilDue() async throws {
        let hand = HandClock()
        let kept = Mutex<[JobID]>([])
        let table = CallTable(clock: hand.clock) { id, _ in kept.withLock { $0.append(id) } }
        let running = Task { await table.run() }
        defer { running.cancel() }
        let (job, token) = (try id(), table.begin(for: Caller()))
        var sleeps = hand.sleeps.makeAsyncIterator()
        async let part = table.wait(token, for: job, on: terms(.seconds(2)))
        // The first sleep of all is for this call.
        #expect(await sleeps.next() == .milliseconds(2_025))
        hand.advance(by: .milliseconds(2_025))
        guard case .look(job) = await part else {
            Issue.record("the wait did not end with a look")
            return
        }
        guard case .end(.timedOut, nil) = await table.looked(token, found: nil) else {
            Issue.record("the caller is not told")
            return
        }
        #expect(table.waiting == 0)
        #expect(!table.deliver(outcome(job, token)), "nobody's answer counts it")
        #expect(kept.withLock { $0 } == [job])
    }

    @Test("an outcome is handed over whether its caller waits already or not", .timeLimit(.minutes(1)))
    func handsOver() async throws {
        let table = CallTable(clock: HandClock().clock) { _, _ in }
        let (job, token) = (try id(), table.begin(for: Caller()))
        #expect(table.deliver(outcome(job, token)))
        guard case .end(.settled, nil) = await table.wait(token, for: job, on: terms()) else {
            Issue.record("the outcome is lost")
            return
        }
        #expect(!table.deliver(outcome(job, token)))
    }

    @Test("a caller who goes ends the call that he waits for, and no later one", .timeLimit(.minutes(1)))
    func endsWithItsCaller() async throws {
        let table = CallTable(clock: HandClock().clock) { _, _ in }
        let caller = Caller()
        let first = table.begin(for: caller)
        #expect(table.deliver(outcome(try id(1), first)))
        _ = await table.wait(first, for: try id(1), on: terms())
        let (job, token) = (try id(2), table.begin(for: caller))
        caller.leave()
        guard case .end(.disconnected, job?) = await table.wait(token, for: job, on: terms()) else {
            Issue.record("the job is not cancelled")
            return
        }
        // One who is gone already is gone for what comes after, too.
        let late = table.begin(for: caller)
        guard case .end(.disconnected, _) = await table.wait(late, for: job, on: terms()) else {
            Issue.record("nobody is there")
            return
        }
        #expect(caller.isGone)
    }

    @Test("whoever follows a job returns when the caller goes", .timeLimit(.minutes(1)))
    func endsFollowers() async throws {
        let queue = ModelQueue(clock: ManualClock())
        let table = CallTable(clock: HandClock().clock) { _, _ in }
        let (caller, job) = (Caller(), try id())
        let name = job.queue
        let submission = try await queue.submit(
            Job(queue: name, submitted: .zero, retention: .seconds(60), inputs: []), once: nil)
        guard case .accepted(let accepted, _) = submission else { return }
        async let state = table.follow(for: caller) { () throws(QueueError) in
            try await queue.state(of: accepted, waitingUpTo: .seconds(3_600))
        }
        try await eventually("the follower") { table.waiting == 1 }
        caller.leave()
        #expect(try await state == .waiting)
        #expect(table.waiting == 0)
    }
}

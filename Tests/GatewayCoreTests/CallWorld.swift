import Random
import GatewayCore
import Jobs
import NIOCore
import Time

/// What is around a ledger: callers, a queue, a store, a connection that outcomes come by. Carries out what the ledger asks for,
/// and refuses what cannot be asked.
struct CallWorld {
    struct Call {
        enum Doing: Equatable {
            case submitting
            case parked
            case looking
            case following
            case over
        }
        var doing = Doing.submitting
        var terms: CallTerms
        var began: Timestamp
        var submitted: Timestamp?
        var job: JobID?
        var answers = 0
        var isDisconnected = false
        var isForgotten = false
        var isCancelled = false
        var mayBeKept = false
    }

    private(set) var ledger: CallLedger
    private(set) var now: Timestamp
    private(set) var calls: [CallToken: Call] = [:]
    private(set) var violations: [String] = []
    private var order: [CallToken] = []
    private var wake: Timestamp?
    /// Submitted, and not settled yet.
    private var running: [JobID: CallToken] = [:]
    private var store: [JobID: Outcome] = [:]
    private var onTheirWay: [Outcome] = []
    private var isStoreAway = false
    private var isStopped = false
    private var lastEntry: UInt64 = 0
    private let queue: QueueName
    private var random: SeededGenerator

    init(seed: UInt64, queue: QueueName) {
        random = SeededGenerator(seed: seed)
        self.queue = queue
        now = Timestamp(microseconds: Int64(seed % 97) * 311_000)
        ledger = CallLedger(at: now)
    }

    // MARK: Events

    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<18: begin()
        case 18..<34: accept()
        case 34..<46: reply()
        case 46..<60: settle()
        case 60..<74: deliver()
        case 74..<80: finishLook()
        case 80..<86: disconnect()
        case 86..<94: pass(.milliseconds(Int64.random(in: 1...8_000, using: &random)))
        case 94..<95: failSubmit()
        case 95..<96: breakReplies()
        case 96..<97: isStoreAway.toggle()
        case 97..<99: if Bool.random(using: &random) { follow() } else { endFollowing() }
        default: if Int.random(in: 0..<20, using: &random) == 0 { stop() }
        }
    }

    /// Lets everything come to its end: what is on its way arrives, and then time passes.
    mutating func end() {
        isStoreAway = false
        while pick(.submitting) != nil {
            accept()
            reply()
        }
        for _ in 0..<(calls.count * 4 + 8) where pick(.looking) != nil { finishLook() }
        while !onTheirWay.isEmpty { deliver() }
        while pick(.following) != nil { endFollowing() }
        var rounds = 0
        while let time = wake, rounds < 100_000 {
            rounds += 1
            now = max(now, time)
            advance()
            while pick(.looking) != nil { finishLook() }
        }
    }

    /// What does not hold at the end; empty if all does.
    func complaints() -> [String] {
        var complaints = violations
        for (token, call) in calls {
            let expected = call.isForgotten || call.terms.limit == .zero ? 0 : 1
            if call.answers != expected { complaints.append("\(token) was answered \(call.answers) times") }
        }
        if ledger.waiting != 0 { complaints.append("\(ledger.waiting) calls stay in the ledger") }
        if ledger.left != 0 { complaints.append("\(ledger.left) calls that were left stay in the ledger") }
        return complaints
    }

    private mutating func begin() {
        let token = ledger.begin()
        let deadline =
            Bool.random(using: &random) ? Duration.milliseconds(Int64.random(in: 1...20_000, using: &random)) : nil
        open(
            token,
            CallTerms(
                timeout: .milliseconds(Int64.random(in: 1...60_000, using: &random)), deadline: deadline,
                isRepeatable: Bool.random(using: &random), retention: .seconds(600)), .submitting)
    }

    /// The queue takes the job; its answer is still on its way.
    private mutating func accept() {
        guard let token = pick(.submitting), calls[token]?.job == nil else { return }
        lastEntry += 1
        let job = JobID(queue: queue, priority: .normal, entry: EntryID(milliseconds: lastEntry, sequence: 0))
        calls[token]?.job = job
        running[job] = token
    }

    private mutating func reply() {
        guard let token = pick(.submitting), let call = calls[token], let job = call.job else { return }
        calls[token]?.doing = .parked
        calls[token]?.submitted = now
        perform(ledger.submitted(token, as: job, on: call.terms, now: now))
    }

    private mutating func failSubmit() {
        guard let token = pick(.submitting) else { return }
        calls[token]?.isForgotten = true
        calls[token]?.doing = .over
        ledger.forget(token)
    }

    private mutating func settle() {
        guard let (job, token) = running.min(by: { $0.key.entry < $1.key.entry }) else { return }
        running[job] = nil
        let outcome = Outcome(
            id: job, replyTo: ReplyAddress(gateway: "g", token: token.rawValue), echo: ByteBuffer(), ending: .expired,
            run: RunRecord(submitted: .zero, settled: .zero, worker: "w"))
        store[job] = outcome
        onTheirWay.append(outcome)
    }

    private mutating func deliver() {
        guard !onTheirWay.isEmpty else { return }
        perform(ledger.outcome(onTheirWay.removeFirst()))
    }

    /// What is on its way is lost; what the ledger asks for is sent anew.
    private mutating func breakReplies() {
        var random = random
        onTheirWay.removeAll { _ in Bool.random(using: &random) }
        self.random = random
        perform(ledger.repliesBroke())
    }

    private mutating func finishLook() {
        guard let token = pick(.looking), let job = calls[token]?.job else { return }
        calls[token]?.doing = .parked
        perform(ledger.looked(token, found: isStoreAway ? nil : store[job], now: now))
    }

    private mutating func disconnect() {
        guard let token = order.randomElement(using: &random) else { return }
        calls[token]?.isDisconnected = true
        perform(ledger.disconnected(token))
    }

    private mutating func follow() {
        let (token, actions) = ledger.follow()
        open(token, CallTerms(timeout: .zero, deadline: nil, isRepeatable: true, retention: .zero), .following)
        perform(actions)
    }

    private mutating func endFollowing() {
        guard let token = pick(.following) else { return }
        calls[token]?.doing = .over
        ledger.forget(token)
    }

    private mutating func stop() {
        isStopped = true
        perform(ledger.stop(isQueueAway: Bool.random(using: &random), now: now))
    }

    private mutating func pass(_ time: Duration) {
        let end = now + time
        while let wake, wake <= end {
            now = max(now, wake)
            advance()
        }
        now = end
    }

    private mutating func advance() {
        wake = nil
        perform(ledger.advance(to: now))
    }

    // MARK: Actions

    private mutating func perform(_ actions: CallActions) {
        var cancelled: CallToken?
        for action in actions {
            switch action {
            case .answer(let token, let answer):
                note(token, answer, isCancelled: cancelled == token)
                cancelled = nil
            case .look(let token, let job):
                expect(calls[token]?.doing == .parked && calls[token]?.job == job, "\(action)")
                calls[token]?.doing = .looking
            case .cancel(let token, let job):
                expect(calls[token]?.isDisconnected == true && calls[token]?.job == job, "\(action)")
                expect(calls[token]?.terms.isRepeatable == false, "\(action) though the caller can come back")
                cancelled = token
            case .endFollowing(let token): expect(calls[token]?.doing == .following, "\(action)")
            case .lookUp(let jobs): for job in jobs { if let outcome = store[job] { onTheirWay.append(outcome) } }
            case .keep(let job, let retention):
                expect(calls.values.contains { $0.job == job && $0.mayBeKept }, "\(action)")
                expect(retention == .seconds(600), "\(action)")
            case .unclaimed: break
            case .wake(let time):
                let told = wake
                expect(told.map { time < $0 } ?? true, "\(action) though \(String(describing: told)) is told")
                wake = time
            }
        }
        expect(cancelled == nil, "a job was cancelled whose caller is not answered")
    }

    private mutating func note(_ token: CallToken, _ answer: CallAnswer, isCancelled: Bool) {
        guard let call = calls[token] else { return expect(false, "\(token) was never begun") }
        expect(call.doing == .parked && call.answers == 0, "\(answer) for a call that is \(call.doing)")
        calls[token]?.answers += 1
        calls[token]?.doing = .over
        let isOver = call.submitted.map { now >= $0 + call.terms.limit } ?? false
        switch answer {
        case .settled(let outcome), .stored(let outcome):
            expect(outcome.id == call.job && store[outcome.id] != nil, "an outcome of another job")
        case .timedOut:
            expect(isStopped || (isOver && !call.terms.endsAtDeadline), "timed out too early")
            calls[token]?.mayBeKept = true
        case .late:
            expect(isOver && call.terms.endsAtDeadline, "late too early")
            calls[token]?.mayBeKept = true
        case .disconnected:
            expect(call.isDisconnected, "not disconnected")
            expect(isCancelled || call.terms.isRepeatable, "the job of a caller who went is not cancelled")
        }
    }

    private mutating func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { violations.append(what()) }
    }

    private mutating func open(_ token: CallToken, _ terms: CallTerms, _ doing: Call.Doing) {
        expect(calls[token] == nil, "\(token) is given out twice")
        calls[token] = Call(doing: doing, terms: terms, began: now)
        order.append(token)
    }

    private mutating func pick(_ doing: Call.Doing) -> CallToken? {
        order.filter { calls[$0]?.doing == doing }.randomElement(using: &random)
    }
}

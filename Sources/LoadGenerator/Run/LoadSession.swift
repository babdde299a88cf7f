import NIOCore
import Time
import Traffic

/// A run in progress: sends calls when they are due, follows each to its end, keeps the account.
///
/// Confined to one event loop, on which everything happens without locks or hops; one core carries tens of thousands of
/// requests a second this way. `Call` decides, this class acts.
final class LoadSession {
    private let loop: any EventLoop
    private let pool: ConnectionPool
    private let watch: ClusterWatch?
    private let requests: [PreparedRequest]
    private let reader: ReplyReader
    private let target: LoadTarget
    private let options: LoadOptions
    private let policy = Call.Policy()
    private let finished: EventLoopPromise<Void>

    private var source: CallSource
    private var calls: [Int: Call] = [:]
    private var nextCall = 0
    private var followQueue = CircularBuffer<Int>()
    private var followers = 0
    private var origin = NIODeadline.now()
    private var isOver = false
    private(set) var conclusion = TrafficReport.Conclusion.complete
    private var hasMoreArrivals = true
    private var end: Scheduled<Void>?
    private(set) var recorder: TrafficRecorder

    /// Calls that are started in one turn of the loop before answers get their turn.
    private static let maximumBurst = 128

    init(
        loop: any EventLoop, pool: ConnectionPool, watch: ClusterWatch?, requests: [PreparedRequest],
        source: CallSource, target: LoadTarget, options: LoadOptions, deadline: Duration?
    ) {
        self.loop = loop
        self.pool = pool
        self.watch = watch
        self.requests = requests
        self.reader = ReplyReader(requests: requests)
        self.source = source
        self.target = target
        self.options = options
        self.recorder = TrafficRecorder(deadline: deadline)
        self.finished = loop.makePromise()
    }

    /// Time since the run's start.
    var now: Duration { .nanoseconds((NIODeadline.now() - origin).nanoseconds) }

    /// Starts the run. The future succeeds when every call has ended and the cluster was observed as long as asked.
    func start() -> EventLoopFuture<Void> {
        if let watch {
            // The first sample comes before the first call, so that "no worker was ready" is known.
            watch.start(
                onSample: { self.observe($0) },
                onFirst: { self.begin() })
        } else {
            begin()
        }
        return finished.futureResult
    }

    /// Ends the run now: calls that are open end as interrupted or unsent.
    func stop() {
        guard !isOver else { return }
        if hasMoreArrivals || !calls.isEmpty { conclusion = .stopped }
        conclude(.stop)
    }

    func progress() -> TrafficProgress { recorder.progress(at: now) }

    // MARK: Arrivals

    private func begin() {
        guard !isOver else { return }
        origin = .now()
        watch?.origin = origin
        switch source.plan {
        case .open: scheduleArrival()
        case .closed(let connections, let duration, _):
            later(duration) { self.arrivalsEnded() }
            for _ in 0..<connections { startCall(intended: now) }
        }
    }

    private func scheduleArrival() {
        var burst = 0
        while let arrival = source.nextArrival() {
            let wait = arrival - now
            guard wait <= .zero, burst < Self.maximumBurst else {
                later(wait) {
                    guard !self.isOver else { return }
                    self.startCall(intended: arrival)
                    self.scheduleArrival()
                }
                return
            }
            startCall(intended: arrival)
            burst += 1
        }
        arrivalsEnded()
    }

    private func arrivalsEnded() {
        guard hasMoreArrivals else { return }
        hasMoreArrivals = false
        end = later(options.followUp) { self.conclude() }
        concludeIfDone()
    }

    private func startCall(intended: Duration) {
        guard !isOver else { return }
        let index = nextCall
        nextCall += 1
        let call = source.makeCall(intended: intended)
        calls[index] = call
        recorder.arrived(intended: intended, kind: kind(of: call))
        submit(index)
    }

    // MARK: Exchanges

    private func submit(_ index: Int) {
        guard let call = calls[index] else { return }
        send(
            parts: requests[call.request].parts(key: call.key), timeout: options.requestTimeout,
            onSent: { sent in
                guard self.calls[index]?.sent == nil else { return }
                self.calls[index]?.sent = .nanoseconds((sent - self.origin).nanoseconds)
            }
        ) { result in
            guard let call = self.calls[index] else { return }
            self.received(self.reader.submitted(result, request: call.request), for: index)
        }
    }

    /// Asks for accepted jobs, the oldest first, on a bounded number of connections. Queues are nearly first in, first
    /// out, so the jobs whose question has to wait are those that finish last.
    private func followNext() {
        while followers < options.maximumFollowers, let index = followQueue.popFirst() {
            guard let call = calls[index], let job = call.job else { continue }
            followers += 1
            let milliseconds = options.longPoll.wholeMilliseconds
            let head = ByteBuffer(
                string:
                    "GET \(target.basePath)\(job)?wait=\(milliseconds)ms HTTP/1.1\r\nHost: \(target.authority)\r\n\r\n")
            send(parts: [head], timeout: options.longPoll + options.requestTimeout, onSent: nil) { result in
                self.followers -= 1
                if let call = self.calls[index] {
                    self.received(self.reader.followed(result, request: call.request), for: index)
                }
                self.followNext()
            }
        }
    }

    private func send(
        parts: [ByteBuffer], timeout: Duration, onSent: ((NIODeadline) -> Void)?,
        _ completion: @escaping (Result<HTTPResponse, ExchangeFailure>) -> Void
    ) {
        pool.send(
            Exchange(
                parts: parts, deadline: .now() + .microseconds(timeout.wholeMicroseconds), onSent: onSent,
                completion: completion))
    }

    private func received(_ reply: CallReply, for index: Int) {
        guard var call = calls[index] else { return }
        let wasAccepted = call.isAccepted
        switch reply {
        case .refused: recorder.refusedOnce()
        case .broken(let reason): recorder.failedOnce(reason)
        case .result, .accepted, .unsettled, .expired, .failed, .unknownJob: break
        }
        let phase = call.phase
        let action = call.received(reply, policy: policy, at: now)
        calls[index] = call
        if call.isAccepted, !wasAccepted { recorder.accepted(kind: kind(of: call)) }
        switch action {
        case .submit(let after):
            if case .submitting = phase { recorder.retried() } else { recorder.resubmitted() }
            perform(after: after) { self.submit(index) }
        case .follow(_, let after):
            perform(after: after) {
                self.followQueue.append(index)
                self.followNext()
            }
        case .end(let ending): settle(index, call, ending)
        }
    }

    private func settle(_ index: Int, _ call: Call, _ ending: CallEnding) {
        calls[index] = nil
        account(call, ending, at: call.answered ?? now)
        if case .closed = source.plan, hasMoreArrivals {
            // Through the loop: an answer that is there at once must not nest calls in one another.
            loop.assumeIsolated().execute { self.startCall(intended: self.now) }
        }
        concludeIfDone()
    }

    private func account(_ call: Call, _ ending: CallEnding, at moment: Duration) {
        recorder.settled(
            ending, kind: kind(of: call), check: requests[call.request].check, intended: call.intended,
            sent: call.sent, at: moment)
    }

    private func kind(of call: Call) -> CallKind {
        CallKind(model: requests[call.request].model, mode: call.key == nil ? .synchronous : .asynchronous)
    }

    // MARK: The end

    private func observe(_ observation: ClusterWatch.Observation) {
        guard !isOver else { return }
        recorder.sampled(observation.sample, answered: observation.answeredWorkers, at: now)
        for decision in observation.decisions { recorder.decided(decision) }
        if case .observing(let until) = closing, now >= until || observation.sample.isEmptyOfWorkers { conclude() }
    }

    private enum Closing {
        case no
        /// All calls have ended; the cluster is watched while it scales in.
        case observing(until: Duration)
    }

    private var closing = Closing.no

    private func concludeIfDone() {
        guard !isOver, !hasMoreArrivals, calls.isEmpty, case .no = closing else { return }
        guard watch != nil, options.observation > .zero else { return conclude() }
        closing = .observing(until: now + options.observation)
        end?.cancel()
        end = later(options.observation + .seconds(2)) { self.conclude() }
    }

    private func conclude(_ end: Call.End = .followUp) {
        guard !isOver else { return }
        isOver = true
        self.end?.cancel()
        let open = calls.sorted { $0.key < $1.key }
        calls = [:]
        let ended = now
        for (_, var call) in open {
            let ending = call.abandon(end)
            account(call, ending, at: call.answered ?? ended)
        }
        watch?.stop()
        pool.shutDown()
        finished.succeed()
    }

    private func perform(after delay: Duration, _ body: @escaping () -> Void) {
        if delay <= .zero { body() } else { later(delay) { if !self.isOver { body() } } }
    }

    @discardableResult
    private func later(_ delay: Duration, _ body: @escaping () -> Void) -> Scheduled<Void> {
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(max(0, delay.wholeNanoseconds)), body)
    }
}

extension Call {
    /// The job that is being asked for.
    var job: String? {
        switch phase {
        case .following(let job), .comparing(let job, _): job
        case .submitting, .auditing, .ended: nil
        }
    }
}

extension ClusterSample {
    var isEmptyOfWorkers: Bool { pools.values.allSatisfy { $0.paid == 0 } }
}

extension Duration {
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : scaled &+ attoseconds / 1_000_000_000
    }
}

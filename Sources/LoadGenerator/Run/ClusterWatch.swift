import JSON
import NIOCore
import Time
import Traffic

/// Asks the gateway's administration port how the cluster is, again and again, during a run.
///
/// Confined to the run's event loop. A question that fails leaves a gap in the samples and nothing else: the traffic does
/// not depend on it.
final class ClusterWatch {
    struct Observation {
        var sample: ClusterSample
        /// Decisions that were not seen before.
        var decisions: [DecisionMark]
        /// `nil` when the cluster does not name its workers.
        var answeredWorkers: Set<String>?
    }

    private let pool: ConnectionPool
    private let request: ByteBuffer
    private let interval: Duration
    private var task: RepeatedTask?
    private var isAsking = false
    private var seenDecisions: Set<String> = []
    private var lastWanted: [String: Int] = [:]
    private var onSample: ((Observation) -> Void)?
    private var onFirst: (() -> Void)?
    /// The run's start; samples taken before it lie at zero.
    var origin: NIODeadline?

    /// How long one question may take.
    private static let timeout = TimeAmount.seconds(2)
    /// Distinct decisions that are told apart; after that all of them are passed over.
    private static let maximumDecisions = 10_000

    init(pool: ConnectionPool, target: LoadTarget, interval: Duration) {
        self.pool = pool
        self.request = ByteBuffer(
            string: "GET \(target.basePath)/admin/status HTTP/1.1\r\nHost: \(target.authority)\r\n\r\n")
        self.interval = interval
    }

    /// - Parameters:
    ///   - onSample: Called with every observation.
    ///   - onFirst: Called once when the first question has been answered or has failed.
    func start(onSample: @escaping (Observation) -> Void, onFirst: @escaping () -> Void) {
        self.onSample = onSample
        self.onFirst = onFirst
        let watch = NIOLoopBound(self, eventLoop: pool.loop)
        task = pool.loop.scheduleRepeatedTask(
            initialDelay: .zero, delay: .nanoseconds(max(1_000_000, interval.wholeNanoseconds))
        ) { _ in watch.value.ask() }
    }

    func stop() {
        task?.cancel()
        task = nil
        onSample = nil
        onFirst = nil
        pool.shutDown()
    }

    private func ask() {
        guard !isAsking else { return }
        isAsking = true
        pool.send(
            Exchange(parts: [request], deadline: .now() + Self.timeout, onSent: nil) { result in
                self.isAsking = false
                if case .success(let response) = result, response.status == 200 { self.read(response) }
                let first = self.onFirst
                self.onFirst = nil
                first?()
            })
    }

    private func read(_ response: HTTPResponse) {
        // A status that is no JSON is a gap like one that did not come.
        guard let document = try? JSONParser.parse(response.body.readableBytesView) else { return }
        let elapsed = origin.map { Duration.nanoseconds((NIODeadline.now() - $0).nanoseconds) } ?? .zero
        onSample?(
            Observation(
                sample: Self.sample(document, at: elapsed), decisions: decisions(document, at: elapsed),
                answeredWorkers: Self.answeredWorkers(document)))
    }

    private static func sample(_ document: JSONValue, at elapsed: Duration) -> ClusterSample {
        var sample = ClusterSample(elapsedSeconds: elapsed.seconds, waiting: 0, inFlight: 0, due: 0, pools: [:])
        for queue in document["queues"]?.members ?? [] {
            sample.waiting += queue.value["waiting"]?.int ?? 0
            sample.inFlight += queue.value["in_flight"]?.int ?? 0
            sample.due += queue.value["due"]?.int ?? 0
        }
        for pool in document["pools"]?.members ?? [] {
            sample.pools[pool.name] = ClusterSample.Pool(
                starting: pool.value["starting"]?.int ?? 0, ready: pool.value["ready"]?.int ?? 0,
                draining: pool.value["draining"]?.int ?? 0, maximum: pool.value["maximum"]?.int ?? 0,
                pricePerHour: pool.value["price_per_hour"]?.double ?? 0)
        }
        return sample
    }

    private static func answeredWorkers(_ document: JSONValue) -> Set<String>? {
        guard let workers = document["workers"]?.array else { return nil }
        return Set(workers.compactMap { ($0["settled"]?.int ?? 0) > 0 ? $0["id"]?.string : nil })
    }

    /// Decisions that change what a pool is wanted to have and were not seen yet; those from before the run only tell
    /// what was wanted at its start.
    private func decisions(_ document: JSONValue, at elapsed: Duration) -> [DecisionMark] {
        let now = Self.seconds(document["time_ms"], unit: 1e-3)
        var marks: [DecisionMark] = []
        for decision in (document["decisions"]?.array ?? []).reversed() {
            var text = ""
            decision.write(to: &text)
            guard seenDecisions.count < Self.maximumDecisions, seenDecisions.insert(text).inserted,
                let pool = decision["pool"]?.string, let wanted = decision["wanted"]?.int,
                lastWanted.updateValue(wanted, forKey: pool) != wanted
            else { continue }
            let taken = Self.seconds(decision["time_ms"], unit: 1e-3) ?? Self.seconds(decision["time"], unit: nil)
            let age = now.flatMap { now in taken.map { now - $0 } } ?? 0
            let moment = elapsed.seconds - age
            guard origin != nil, moment >= 0 else { continue }
            marks.append(
                DecisionMark(
                    elapsedSeconds: moment, pool: pool, wanted: wanted, reason: decision["reason"]?.string ?? ""))
        }
        return marks
    }

    /// A time since 1970 in seconds. Without a unit its size tells: this century counts about 10⁹ seconds, 10¹²
    /// milliseconds or 10¹⁵ microseconds.
    private static func seconds(_ value: JSONValue?, unit: Double?) -> Double? {
        guard let number = value?.double else { return nil }
        if let unit { return number * unit }
        return number > 1e14 ? number / 1e6 : number > 1e11 ? number / 1e3 : number
    }
}

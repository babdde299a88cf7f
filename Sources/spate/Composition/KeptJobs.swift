import Jobs
import RedisQueue
import ServiceLifecycle
import Synchronization

/// Says how many jobs wait and where they are kept, when the system starts and when it has stopped.
///
/// A service, so that it looks at its turn of the shutdown: after the last worker has ended, while Redis is still there.
final class KeptJobs: Service {
    private enum Count: Sendable {
        case jobs(Int)
        case unknown
    }

    /// How long Redis may take to say it; nobody waits for that at the end.
    private static let patience = Duration.seconds(1)

    private let observer: RedisQueueObserver
    private let queues: [QueueName]
    private let place: String
    private let last = Mutex(Count.unknown)

    /// - Parameter place: where the jobs are, in words that follow "kept in".
    init(observer: RedisQueueObserver, queues: [QueueName], place: String) {
        self.observer = observer
        self.queues = queues
        self.place = place
    }

    func run() async throws {
        if case .jobs(let count) = await count(), count > 0 {
            Terminal.line("spate: \(Self.words(count)) accepted before, kept in \(place); the work goes on")
        }
        // Only cancellation throws, and then there is no time left to ask.
        guard (try? await gracefulShutdown()) != nil else { return }
        let count = await count()
        last.withLock { $0 = count }
    }

    /// The last sentence of a system that has stopped.
    var farewell: String {
        switch last.withLock({ $0 }) {
        case .jobs(0): "spate: everything is drained and stopped"
        case .jobs(let count): "spate: stopped; \(Self.words(count)) not finished, kept in \(place) for the next start"
        case .unknown: "spate: stopped; what waits could not be counted any more, and is kept in \(place)"
        }
    }

    private static func words(_ count: Int) -> String { count == 1 ? "1 job was" : "\(count) jobs were" }

    /// Jobs that are accepted and not settled.
    private func count() async -> Count {
        let (answers, answer) = AsyncStream.makeStream(of: Count.self)
        // Unstructured: a call to Redis ends by its own time-out only, which nobody waits for here.
        Task {
            do {
                let depths = try await observer.snapshot(of: queues)
                answer.yield(.jobs(depths.values.reduce(0) { $0 + $1.depth.total }))
            } catch {
                // Redis is away; the farewell says that nothing was counted.
                answer.yield(.unknown)
            }
        }
        Task {
            // Ends with the process.
            try? await Task.sleep(for: Self.patience)
            answer.yield(.unknown)
        }
        for await first in answers { return first }
        return .unknown
    }
}

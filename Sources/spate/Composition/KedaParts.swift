import ExternalScaler
import Jobs
import Logging
import RedisQueue
import Scaling
import ServiceLifecycle
import Settings
import Time

/// KEDA's external scaler beside the scaler: the leader writes what it wants to Redis, and every scaler serves it from
/// there, so that KEDA may ask any of them.
struct KedaParts {
    private let board: DesiredCountBoard
    private let server: ExternalScalerService
    private let counts: PublishedCounts
    private let fence: RedisFence
    private let leadership: any Leadership

    /// `nil` when the settings do not ask for it.
    init?(
        settings: ClusterSettings, connections: RedisConnections, leadership: any Leadership, time: any TimeSource,
        logger: Logger
    ) {
        guard let keda = settings.scaler.keda else { return nil }
        board = DesiredCountBoard(pools: settings.pools.map(\.name), time: time)
        var tls: ExternalScalerConfiguration.TLS?
        if let certificate = keda.certificate, let key = keda.key {
            tls = .init(certificate: certificate, key: key, clientAuthority: keda.clientAuthority)
        }
        server = ExternalScalerService(
            configuration: ExternalScalerConfiguration(host: keda.host, port: keda.port, tls: tls), board: board,
            logger: logger)
        counts = PublishedCounts(connections)
        fence = RedisFence(connections)
        self.leadership = leadership
    }

    /// Writes what the leader's decision wants.
    /// - Parameter seen: when the queues behind it were read.
    func announce(_ decision: Decision, seen: Timestamp) async {
        guard let term = leadership.term() else { return }
        let wanted = decision.pools.map {
            PublishedCount(pool: $0.pool, count: $0.wanted, isActive: $0.wanted > 0, at: seen)
        }
        // Deposed meanwhile, or Redis is away: both are said elsewhere, and the counts grow old by themselves.
        try? await fence.publish(wanted, in: term)
    }

    /// In the order of their start.
    var services: [any Service] {
        let (board, counts, fence) = (board, counts, fence)
        return [
            LoopService { await fence.run() },
            LoopService {
                await counts.run { published in
                    board.publish(
                        published.map { DesiredCount(pool: $0.pool, count: $0.count, isActive: $0.isActive, at: $0.at) }
                    )
                }
            },
            server,
        ]
    }
}

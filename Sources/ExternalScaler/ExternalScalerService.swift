import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import Logging
import Observability
import ServiceLifecycle

/// Serves KEDA's calls from a board of desired counts, until graceful shutdown or cancellation.
///
/// Bounds: 100 calls at a time on a connection, requests of 64 KiB, the board's limit of streams; a connection whose
/// other side is gone is closed after 40 s.
package final class ExternalScalerService: Service {
    private let configuration: ExternalScalerConfiguration
    private let board: DesiredCountBoard
    private let logger: Logger
    private let server: GRPCServer<HTTP2ServerTransport.Posix>

    package init(configuration: ExternalScalerConfiguration, board: DesiredCountBoard, logger: Logger) {
        self.configuration = configuration
        self.board = board
        self.logger = logger
        server = GRPCServer(
            transport: HTTP2ServerTransport.Posix(
                address: configuration.address, transportSecurity: configuration.security,
                config: .defaults { config in
                    config.rpc.maxRequestPayloadSize = 64 * 1_024
                    config.http2.maxConcurrentStreams = 100
                    config.connection.keepalive.time = .seconds(30)
                    config.connection.keepalive.timeout = .seconds(10)
                }),
            services: [ScalerCalls(board: board)])
    }

    /// The port that is listened on; waits until it is.
    package func port() async throws(ExternalScalerError) -> Int {
        do {
            let address = try await server.transport.listeningAddress
            return address.ipv4?.port ?? address.ipv6?.port ?? configuration.port
        } catch {
            throw cannotListen(error)
        }
    }

    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.serve() }
            group.addTask { await self.endWhenAsked() }
            group.addTask { await self.watchAges() }
            // Whichever ends first: the server by itself or by the graceful end, or the grace after it.
            try await group.next()
            group.cancelAll()
        }
    }

    private func serve() async throws(ExternalScalerError) {
        logger.info("Serve KEDA's calls", metadata: [LogKeys.address: "\(configuration.host):\(configuration.port)"])
        do {
            try await server.serve()
        } catch {
            if Task.isCancelled { return }
            throw cannotListen(error)
        }
    }

    /// Looks every second for streams whose pool has nothing fresh to tell, until the task is cancelled.
    private func watchAges() async {
        do {
            while true {
                try await Task.sleep(for: .seconds(1))
                board.endStaleStreams()
            }
        } catch {
            // Cancelled.
        }
    }

    /// Returns when the grace after a graceful shutdown is over.
    private func endWhenAsked() async {
        do {
            try await gracefulShutdown()
            board.close()
            server.beginGracefulShutdown()
            try await Task.sleep(for: configuration.shutdownGrace)
        } catch {
            // Cancelled: the group ends all the same.
        }
    }

    private func cannotListen(_ error: any Error) -> ExternalScalerError {
        let cause = (error as? RuntimeError)?.cause.map { "\($0)" } ?? "\(error)"
        return ExternalScalerError(
            code: .cannotListen,
            message:
                "KEDA's calls cannot be served on \(configuration.host):\(configuration.port): \(cause); choose another "
                + "address or port, or look at the TLS files")
    }
}

extension ExternalScalerConfiguration {
    fileprivate var address: GRPCNIOTransportCore.SocketAddress {
        host.contains(":") ? .ipv6(host: host, port: port) : .ipv4(host: host, port: port)
    }

    fileprivate var security: HTTP2ServerTransport.Posix.TransportSecurity {
        guard let tls else { return .plaintext }
        let chain: [TLSConfig.CertificateSource] = [.file(path: tls.certificate, format: .pem)]
        let key = TLSConfig.PrivateKeySource.file(path: tls.key, format: .pem)
        guard let authority = tls.clientAuthority else {
            return .tls(certificateChain: chain, privateKey: key) { $0.requireALPN = true }
        }
        return .mTLS(certificateChain: chain, privateKey: key) { config in
            config.requireALPN = true
            config.trustRoots = .certificates([.file(path: authority, format: .pem)])
        }
    }
}

import JSON
import NIOCore
import NIOPosix
import Time

/// What a service says of itself before the first call is sent: whether somebody is there, and serves what will be asked.
package struct Preflight: Sendable {
    /// The name and version that the service gives, where it gives them.
    package var service: String?
    /// What a run can do without.
    package var warnings: [String] = []
}

extension LoadRun {
    /// Asks the service whether it is there and ready, and for each model of the recording.
    ///
    /// A path that the service does not know proves nothing: other servers of the protocol leave some out.
    /// - Throws: that nobody can be reached, that the service is not ready, or that it does not serve a model, with its reason.
    package func preflight() async throws(LoadError) -> Preflight {
        let address = try await Self.resolve(target)
        let adminAddress = try await self.adminAddress()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let found = await questions(on: group.next(), address, adminAddress)
        // Nothing runs on the group any more; that its threads end is all that could fail.
        try? await group.shutdownGracefully()
        return try found.get()
    }

    private func questions(
        on loop: any EventLoop, _ address: SocketAddress, _ adminAddress: SocketAddress?
    ) async -> Result<Preflight, LoadError> {
        var found = Preflight()
        do throws(LoadError) {
            try await check(Self.ask("/v2/health/ready", of: target, address, on: loop), "\(target)")
            for model in Set(requests.map(\.modelPath)).sorted() {
                try await check(
                    Self.ask("/v2/\(model)/ready", of: target, address, on: loop), "\(target)/v2/\(model)")
            }
            if case .success(let about) = await Self.ask("/v2", of: target, address, on: loop) {
                found.service = Self.name(about)
            }
        } catch {
            return .failure(error)
        }
        if let admin, let adminAddress {
            switch await Self.ask("/admin/status", of: admin, adminAddress, on: loop) {
            case .success(let answer) where answer.status == 200: break
            case .success(let answer): found.warnings.append(Self.unobserved(admin, "status \(answer.status)"))
            case .failure(let failure): found.warnings.append(Self.unobserved(admin, failure.reason))
            }
        }
        return .success(found)
    }

    private func check(_ answer: Result<HTTPResponse, ExchangeFailure>, _ subject: String) throws(LoadError) {
        switch answer {
        case .failure(let failure):
            throw LoadError(
                "\(subject): \(failure.reason); is the service running? `spate up` starts one here", cause: .service)
        case .success(let response):
            let words = ReplyReader.words(for: response)
            // A model that is not there is said with 400 or 404 and words; without words it is the path that is unknown.
            switch response.status {
            case 400, 404:
                if words.contains("model") { throw LoadError("\(subject) is not served: \(words)", cause: .service) }
            case 500...: throw LoadError("\(subject) is not ready: \(words)", cause: .service)
            default: break
            }
        }
    }

    private static func unobserved(_ admin: LoadTarget, _ reason: String) -> String {
        "the cluster is not observed, so the report has no backlog, workers or cost: \(admin): \(reason)"
    }

    private static func name(_ response: HTTPResponse) -> String? {
        // A service that gives no name stays without one.
        guard response.status == 200, let document = try? JSONParser.parse(response.body.readableBytesView),
            let name = document["name"]?.string
        else { return nil }
        return document["version"]?.string.map { "\(name) \($0)" } ?? name
    }

    /// One question over a connection of its own.
    private static func ask(
        _ path: String, of target: LoadTarget, _ address: SocketAddress, on loop: any EventLoop
    ) async -> Result<HTTPResponse, ExchangeFailure> {
        let head = ByteBuffer(
            string: "GET \(target.basePath)\(path) HTTP/1.1\r\nHost: \(target.authority)\r\nConnection: close\r\n\r\n")
        // Fails only when the loop was shut down: no answer, as the caller sees it.
        let answer = try? await loop.flatSubmit {
            let pool = ConnectionPool(loop: loop, address: address, maximumConnections: 1)
            let promise = loop.makePromise(of: Result<HTTPResponse, ExchangeFailure>.self)
            pool.send(
                Exchange(parts: [head], deadline: .now() + patience, onSent: nil) { result in
                    pool.shutDown()
                    promise.succeed(result)
                })
            return promise.futureResult
        }.get()
        // The promise never fails.
        return answer ?? .failure(.timedOut)
    }

    private static let patience = TimeAmount.seconds(10)
}

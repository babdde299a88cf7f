import AsyncHTTPClient
import Dispatch
import NIOCore
import NIOHTTP1
import NIOSSL

/// Talks to one control plane over HTTP: on a unix socket or at an address.
///
/// Keeps connections open; safe from any task. Redirects are not followed.
package final class HTTPConnector: Sendable {
    package enum Place: Sendable, Equatable {
        case unixSocket(path: String)
        /// - Parameters:
        ///   - url: scheme, host and port, without a slash at the end.
        ///   - certificateAuthority: PEM file to trust; `nil`: those of the system.
        case server(url: String, certificateAuthority: String?)
    }

    /// Of a reply that is not a stream. A list of 10,000 pods is about 100 MB.
    private static let largestReply = 256 << 20

    private let client: HTTPClient
    private let base: String
    private let host: String?

    /// - Throws: when the certificate authority cannot be read.
    package init(_ place: Place) throws(HTTPFailure) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        // A watch for each pool, and as many requests beside them as the callers make.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.httpVersion = .http1Only
        // Who refuses a connection is told so at once; the callers have pauses of their own.
        configuration.connectionPool.retryConnectionEstablishment = false
        switch place {
        case .unixSocket(let path):
            base = "http+unix://\(path.percentEncoded)"
            // A path is no name of a host; engines refuse it there.
            host = "localhost"
        case .server(let url, let authority):
            base = url
            host = nil
            if let authority, url.hasPrefix("https:") { configuration.tlsConfiguration = try Self.trusting(authority) }
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    // The client counts as leaked until it was shut down; nobody waits for its connections to close.
    deinit { client.shutdown(queue: .global()) { _ in } }

    private static func trusting(_ authority: String) throws(HTTPFailure) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
        } catch {
            throw HTTPFailure("the certificate authority \(authority) cannot be read: \(error)")
        }
        return configuration
    }

    /// Sends `call` and collects the answer, whatever its status.
    package func send(_ call: HTTPCall) async throws(HTTPFailure) -> HTTPReply {
        do {
            let response = try await client.execute(request(call), timeout: call.timeout.timeAmount)
            let body = try await response.body.collect(upTo: Self.largestReply)
            return HTTPReply(status: Int(response.status.code), body: Array(body.readableBytesView))
        } catch {
            throw HTTPFailure("\(call.method.rawValue) \(call.path): \(Self.words(error))")
        }
    }

    /// Sends `call`, whose answer is a stream of lines.
    /// - Returns: the stream, once its first headers are there. Its status may be a refusal; then its lines are the text.
    package func stream(_ call: HTTPCall) async throws(HTTPFailure) -> HTTPLines {
        do {
            let response = try await client.execute(request(call), timeout: call.timeout.timeAmount)
            return HTTPLines(status: Int(response.status.code), path: call.path, body: response.body)
        } catch {
            throw HTTPFailure("\(call.method.rawValue) \(call.path): \(Self.words(error))")
        }
    }

    private func request(_ call: HTTPCall) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: base + call.target)
        request.method = .RAW(value: call.method.rawValue)
        if let host { request.headers.add(name: "host", value: host) }
        for header in call.headers { request.headers.add(name: header.name, value: header.value) }
        if let body = call.body { request.body = .bytes(body) }
        return request
    }

    static func words(_ error: any Error) -> String {
        switch error {
        case is CancellationError: "cancelled"
        case let error as HTTPClientError where error == .cancelled: "cancelled"
        case let error as HTTPClientError where error == .connectTimeout: "nobody answered within 5 s"
        case let error as HTTPClientError where error == .deadlineExceeded: "the time for an answer was over"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "the connection broke"
        case let error as IOError: describe(error.errnoCode)
        default: "\(error)"
        }
    }
}

/// The lines of an answer that does not end by itself.
package struct HTTPLines: Sendable {
    package let status: Int
    let path: String
    let body: HTTPClientResponse.Body

    /// Calls `line` with each line until the stream ends or `line` has enough.
    /// - Throws: when the connection broke.
    package func forEach(_ line: ([UInt8]) async -> Verdict) async throws(HTTPFailure) {
        var splitter = LineSplitter()
        do {
            for try await chunk in body {
                for bytes in splitter.add(chunk.readableBytesView) where await line(bytes) == .stop { return }
            }
        } catch {
            throw HTTPFailure("\(path): \(HTTPConnector.words(error))")
        }
    }

    /// Whether a reader of lines wants more.
    package enum Verdict: Sendable, Equatable {
        case goOn
        case stop
    }

    /// The first part of the answer as text, for a message.
    package func text() async -> String {
        // What cannot be read is not needed: the status says enough.
        guard let buffer = try? await body.collect(upTo: 64 << 10) else { return "" }
        return String(decoding: buffer.readableBytesView, as: UTF8.self)
    }
}

extension Duration {
    fileprivate var timeAmount: TimeAmount {
        .nanoseconds(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000)
    }
}

import Settings
import Synchronization

/// The calls of the Docker Engine API that the driver makes, on a unix socket.
///
/// Stateless but for the agreed version, which is asked for before the first call and again after `forget`.
final class ContainerEngine: Sendable {
    let socket: String
    private let connector: HTTPConnector
    private let version = Mutex<EngineVersion?>(nil)

    init(socket: String) throws(HTTPFailure) {
        self.socket = socket
        connector = try HTTPConnector(.unixSocket(path: socket))
    }

    /// The engine may have been replaced by another.
    func forget() { version.withLock { $0 = nil } }

    // MARK: Calls

    func facts() async throws(EngineError) -> EngineValues.Facts {
        try decoded(try await call(.get, "/info"), "/info")
    }

    func hasImage(_ name: String) async throws(EngineError) -> Bool {
        // A name has slashes and colons of its own; engines match the rest of the path.
        let reply = try await send(.get, "/images/\(name)/json")
        if reply.status == 404 { return false }
        _ = try checked(reply, "/images/\(name)/json")
        return true
    }

    /// All containers with the label `spate.cluster=<cluster>`, running or not.
    func list(cluster: String) async throws(EngineError) -> [EngineValues.Listed] {
        let reply = try await call(
            .get, "/containers/json", query: [("all", "1"), ("filters", Self.filters(cluster: cluster))])
        return try decoded(reply, "/containers/json")
    }

    /// - Returns: the container's id.
    func create(_ container: EngineValues.Create, name: String) async throws(EngineError) -> String {
        let reply = try await call(
            .post, "/containers/create", query: [("name", name)], body: JSONBody.encode(container))
        let created: EngineValues.Created = try decoded(reply, "/containers/create")
        guard let id = created.Id, !id.isEmpty else { throw EngineError(reply.status, "the engine gave no id") }
        return id
    }

    func start(_ container: String) async throws(EngineError) {
        try await call(.post, "/containers/\(container)/start", accepting: [304])
    }

    /// - Returns: false when it does not run, or is gone.
    @discardableResult
    func signal(_ container: String, _ signal: String) async throws(EngineError) -> Bool {
        let reply = try await send(.post, "/containers/\(container)/kill", query: [("signal", signal)])
        // 409: it does not run; podman answers 500 with those words where it was stopping.
        if [404, 409].contains(reply.status) { return false }
        if reply.status == 500, JSONBody.message(of: reply.body).contains("state improper") { return false }
        return try checked(reply, "/containers/\(container)/kill").isSuccess
    }

    /// `nil` when the engine does not know it any more.
    func inspect(_ container: String) async throws(EngineError) -> EngineValues.Inspected.Inner? {
        let reply = try await send(.get, "/containers/\(container)/json")
        if reply.status == 404 { return nil }
        let inspected: EngineValues.Inspected = try decoded(
            try checked(reply, "/containers/json"), "/containers/\(container)/json")
        return inspected.State
    }

    /// Removes a container with its volumes, running or not. Already gone: nothing happens.
    func remove(_ container: String) async throws(EngineError) {
        try await call(
            .delete, "/containers/\(container)", query: [("force", "1"), ("v", "1")], accepting: [404, 409])
    }

    /// The events of our containers from now on. A stream that lasts a day; then it is opened anew.
    func events(cluster: String) async throws(EngineError) -> HTTPLines {
        let path = try await agreed() + "/events"
        let call = HTTPCall(
            .get, path, query: [("filters", Self.filters(cluster: cluster, adding: "\"type\":[\"container\"],"))],
            timeout: .seconds(86_400))
        do {
            let lines = try await connector.stream(call)
            guard lines.status == 200 else { throw EngineError(lines.status, "GET /events: " + (await lines.text())) }
            return lines
        } catch let failure as HTTPFailure {
            throw EngineError(nil, failure.description)
        } catch {
            throw error as? EngineError ?? EngineError(nil, "\(error)")
        }
    }

    private static func filters(cluster: String, adding more: String = "") -> String {
        let label = JSONBody.encode(["\(EngineLabels.cluster)=\(cluster)"])
        return "{\(more)\"label\":\(String(decoding: label, as: UTF8.self))}"
    }

    // MARK: The wire

    @discardableResult
    private func call(
        _ method: HTTPCall.Method, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        accepting: Set<Int> = []
    ) async throws(EngineError) -> HTTPReply {
        let reply = try await send(method, path, query: query, body: body)
        return accepting.contains(reply.status) ? reply : try checked(reply, path)
    }

    private func send(
        _ method: HTTPCall.Method, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) async throws(EngineError) -> HTTPReply {
        let prefix = try await agreed()
        return try await exchange(
            HTTPCall(
                method, prefix + path, query: query,
                headers: body == nil ? [] : [("content-type", "application/json")], body: body))
    }

    private func exchange(_ call: HTTPCall) async throws(EngineError) -> HTTPReply {
        do {
            return try await connector.send(call)
        } catch {
            throw EngineError(nil, error.description)
        }
    }

    /// `/v1.41`, asked for once.
    private func agreed() async throws(EngineError) -> String {
        if let version = version.withLock({ $0 }) { return "/v\(version)" }
        let reply = try checked(try await exchange(HTTPCall(.get, "/version")), "/version")
        let offered: EngineValues.Version = try decoded(reply, "/version")
        guard let current = offered.ApiVersion.flatMap({ EngineVersion($0) }) else {
            throw EngineError(reply.status, "the engine does not say which version of its API it has")
        }
        let minimum = offered.MinAPIVersion.flatMap { EngineVersion($0) }
        guard let version = EngineVersion.agreed(current: current, minimum: minimum) else {
            throw EngineError(
                reply.status,
                "the engine speaks API \(minimum?.description ?? "?") to \(current); this driver needs "
                    + "\(EngineVersion.oldest) to \(EngineVersion.newest)")
        }
        self.version.withLock { $0 = version }
        return "/v\(version)"
    }

    private func checked(_ reply: HTTPReply, _ path: String) throws(EngineError) -> HTTPReply {
        guard reply.isSuccess else {
            throw EngineError(reply.status, "\(path): status \(reply.status): \(JSONBody.message(of: reply.body))")
        }
        return reply
    }

    private func decoded<Value: Decodable>(_ reply: HTTPReply, _ path: String) throws(EngineError) -> Value {
        guard let value = JSONBody.decode(Value.self, from: reply.body) else {
            throw EngineError(reply.status, "\(path): the answer is not what the API says")
        }
        return value
    }
}

/// What the engine refused, or that it did not answer.
struct EngineError: Error, Sendable, CustomStringConvertible {
    /// Of HTTP; `nil`: there was no answer.
    var status: Int?
    var description: String

    init(_ status: Int?, _ description: String) {
        self.status = status
        self.description = description
    }
}

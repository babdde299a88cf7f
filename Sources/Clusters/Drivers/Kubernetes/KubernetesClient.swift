/// Calls to one API server, as one service account.
package final class KubernetesClient: Sendable {
    package let access: KubernetesAccess
    private let connector: HTTPConnector
    private let tokens: TokenFile?

    /// For a call that nobody hurries.
    static let patience = Duration.seconds(30)
    /// What the server notes as the author of changes.
    private static let fieldManager = (name: "fieldManager", value: "spate-scaler")

    package init(_ access: KubernetesAccess) throws(KubernetesError) {
        self.access = access
        tokens = access.tokenFile.map { TokenFile(path: $0) }
        do {
            connector = try HTTPConnector(
                .server(url: access.server, certificateAuthority: access.certificateAuthority))
        } catch {
            throw KubernetesError(.unreachable, error.description)
        }
    }

    /// `/api/v1/namespaces/<ours>/pods`, or `/apis/apps/v1/...` for a group.
    func path(_ group: String, _ rest: String) -> String { "\(group)/namespaces/\(access.namespace)/\(rest)" }

    // MARK: Calls

    // Each takes `limit` at most, 30 s by default.

    func get<Value: Decodable>(
        _ type: Value.Type, _ path: String, query: [(name: String, value: String)] = [],
        within limit: Duration = patience
    ) async throws(KubernetesError) -> Value {
        try decoded(try await send(HTTPCall(.get, path, query: query, timeout: limit)), path)
    }

    func create<Value: Decodable>(
        _ path: String, _ body: some Encodable, within limit: Duration = patience
    ) async throws(KubernetesError) -> Value {
        try await write(.post, path, "application/json", body, limit)
    }

    /// Changes the members that `body` names; `null` removes one. With a `resourceVersion` among them the server
    /// refuses a change over another's (409). Source: RFC 7396.
    func patch<Value: Decodable>(
        _ path: String, _ body: some Encodable, within limit: Duration = patience
    ) async throws(KubernetesError) -> Value {
        try await write(.patch, path, "application/merge-patch+json", body, limit)
    }

    func delete(
        _ path: String, _ body: some Encodable, within limit: Duration = patience
    ) async throws(KubernetesError) {
        _ = try await send(
            HTTPCall(
                .delete, path, headers: [("content-type", "application/json")], body: JSONBody.encode(body),
                timeout: limit))
    }

    /// Opens a watch. The server ends it after `seconds`; the connection is given up a little later.
    func watch(
        _ path: String, query: [(name: String, value: String)], seconds: Int
    ) async throws(KubernetesError) -> HTTPLines {
        let query =
            query + [("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", "\(seconds)")]
        let lines = try await opened(HTTPCall(.get, path, query: query, timeout: .seconds(seconds + 15)))
        guard lines.status == 200 else {
            let text = await lines.text()
            throw KubernetesError(status: lines.status, "watch \(path): \(JSONBody.message(of: Array(text.utf8)))")
        }
        return lines
    }

    // MARK: The wire

    private func write<Value: Decodable>(
        _ method: HTTPCall.Method, _ path: String, _ type: String, _ body: some Encodable, _ limit: Duration
    ) async throws(KubernetesError) -> Value {
        let call = HTTPCall(
            method, path, query: [Self.fieldManager], headers: [("content-type", type)], body: JSONBody.encode(body),
            timeout: limit)
        return try decoded(try await send(call), path)
    }

    private func send(_ call: HTTPCall) async throws(KubernetesError) -> HTTPReply {
        let token = tokens?.token()
        let begun = ContinuousClock.now
        var reply = try await exchange(call, token)
        if reply.status == 401, let tokens, tokens.refuse(token) {
            var again = call
            again.timeout = max(call.timeout - (ContinuousClock.now - begun), .zero)
            reply = try await exchange(again, tokens.token())
        }
        guard reply.isSuccess else {
            throw KubernetesError(
                status: reply.status,
                "\(call.method.rawValue) \(call.path): status \(reply.status): \(JSONBody.message(of: reply.body))")
        }
        return reply
    }

    private func opened(_ call: HTTPCall) async throws(KubernetesError) -> HTTPLines {
        let token = tokens?.token()
        let lines = try await stream(call, token)
        guard lines.status == 401, let tokens, tokens.refuse(token) else { return lines }
        return try await stream(call, tokens.token())
    }

    private func exchange(_ call: HTTPCall, _ token: String?) async throws(KubernetesError) -> HTTPReply {
        do {
            return try await connector.send(Self.with(token, call))
        } catch {
            throw KubernetesError(.unreachable, error.description)
        }
    }

    private func stream(_ call: HTTPCall, _ token: String?) async throws(KubernetesError) -> HTTPLines {
        do {
            return try await connector.stream(Self.with(token, call))
        } catch {
            throw KubernetesError(.unreachable, error.description)
        }
    }

    private static func with(_ token: String?, _ call: HTTPCall) -> HTTPCall {
        var call = call
        call.headers.append(("accept", "application/json"))
        if let token { call.headers.append(("authorization", "Bearer \(token)")) }
        return call
    }

    private func decoded<Value: Decodable>(_ reply: HTTPReply, _ path: String) throws(KubernetesError) -> Value {
        guard let value = JSONBody.decode(Value.self, from: reply.body) else {
            throw KubernetesError(.refused(reply.status), "\(path): the answer is not what the API says")
        }
        return value
    }
}

import HTTPTypes
import HummingbirdCore
import NIOCore

/// Answers requests of the administration port that change something or ask the scaler's records, without HTTP: a method,
/// a path and a query in, a status and JSON out. Whoever composes the process brings it.
package struct AdminOperations: Sendable {
    package struct Reply: Sendable {
        package var status: Int
        package var json: String

        package init(status: Int, json: String) {
            self.status = status
            self.json = json
        }
    }

    private let answer: @Sendable (_ method: String, _ path: String, _ query: [String: String]) async -> Reply?

    /// - Parameter answer: `nil` for a path that is not its own.
    package init(
        _ answer: @escaping @Sendable (_ method: String, _ path: String, _ query: [String: String]) async -> Reply?
    ) {
        self.answer = answer
    }

    func respond(to request: Request) async -> HTTPReply? {
        if request.method != .get, request.headers[.origin] != nil {
            // A page in somebody's browser must not steer the cluster behind their back.
            return .error(.forbidden, "requests that change something are not taken from web pages")
        }
        var query: [String: String] = [:]
        for (key, value) in request.uri.queryParameters { query[String(key)] = String(value) }
        guard let reply = await answer(request.method.rawValue, request.uri.path, query) else { return nil }
        return .json(HTTPResponse.Status(code: reply.status), ByteBuffer(string: reply.json))
    }
}

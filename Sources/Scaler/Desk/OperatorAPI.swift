import Jobs
import Operations
import Settings
import Time

/// The operator's part of the administration API, without HTTP: a method, a path and a query in, a status and JSON out.
///
/// | request | answer |
/// |---|---|
/// | `GET /admin/pools` | counts, cost, start-up, what is set by hand |
/// | `GET /admin/why?time=08:31&pool=cpu` | why each pool, or one, had its number of workers |
/// | `GET /admin/decisions?since=1h&pool=cpu&count=50` | decisions of a span, newest first |
/// | `GET /admin/control` | what is set by hand |
/// | `GET /admin/cost?since=24h` | worker-seconds and money |
/// | `GET /admin/arrivals?since=2h` | arrivals of each minute, by model |
/// | `POST /admin/pools/cpu/override?workers=5&for=10m&note=sale`, `DELETE` | pins a count |
/// | `POST /admin/pools/cpu/pause?for=10m`, `POST /admin/pause`, `DELETE` | starts and drains nothing |
/// | `POST /admin/workers/W/protect?for=10m`, `DELETE` | no scale-in of it |
/// | `POST /admin/workers/W/leave` | a spot notice: drain, replace |
/// | `POST /admin/reload` | reads the files again |
package struct OperatorAPI: Sendable {
    package struct Reply: Sendable, Equatable {
        package var status: Int
        package var json: String

        package init(_ status: Int, _ json: String) {
            self.status = status
            self.json = json
        }
    }

    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    private let desk: OperatorDesk

    package init(_ desk: OperatorDesk) { self.desk = desk }

    /// `nil` for a path that is not the operator's.
    package func respond(method: String, path: String, query: [String: String]) async -> Reply? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard parts.first == "admin", let method = Method(rawValue: method) else { return nil }
        do {
            if method == .get { return try await answer(Array(parts.dropFirst()), OperatorQuery(query)) }
            guard let request = try request(method, Array(parts.dropFirst()), OperatorQuery(query)) else { return nil }
            let done = try await desk.perform(request)
            return Reply(200, RecordedJSON.text(["done": done]))
        } catch let error as ControlError {
            return Self.failure(error.code == .unknown ? 404 : 400, error.message)
        } catch {
            return Self.failure(503, "\(error)")
        }
    }

    // MARK: Questions

    private func answer(_ parts: [String], _ query: OperatorQuery) async throws -> Reply? {
        let now = desk.now
        switch parts {
        case ["pools"]: return Reply(200, RecordedJSON.text(try await desk.pools()))
        case ["control"]: return Reply(200, RecordedJSON.text(try await desk.control()))
        case ["why"]:
            let moment = try query.moment("time", now: now) ?? now
            return Reply(200, RecordedJSON.text(try await desk.why(pool: query["pool"], at: moment)))
        case ["decisions"] where query.hasAny("pool", "since", "from", "to"):
            let span = try query.span(now: now, default: .seconds(86_400))
            let found = try await desk.decisions(
                from: span.from, to: span.to, pool: query["pool"],
                limit: try query.number("count", in: 1...10_000) ?? 50)
            return Reply(200, "[\(found.joined(separator: ","))]")
        case ["cost"]:
            let span = try query.span(now: now, default: .seconds(86_400))
            return Reply(200, RecordedJSON.text(try await desk.cost(from: span.from, to: span.to)))
        case ["arrivals"]:
            let span = try query.span(now: now, default: .seconds(3_600))
            let arrivals = try await desk.arrivals(from: span.from, to: span.to)
            let byName = Dictionary(
                arrivals.map { ($0.key.description, $0.value) }, uniquingKeysWith: { first, _ in first })
            return Reply(200, RecordedJSON.text(byName))
        default: return nil
        }
    }

    // MARK: Orders

    private func request(
        _ method: Method, _ parts: [String], _ query: OperatorQuery
    ) throws(ControlError) -> ControlRequest? {
        let duration = try query.duration("for")
        let note = query["note"]
        func made(_ action: ControlRequest.Action) -> ControlRequest {
            ControlRequest(action, for: duration, note: note)
        }
        switch (method, parts.count, parts.first, parts.last) {
        case (.post, 1, "reload", _): return made(.reload)
        case (.post, 1, "pause", _): return made(.pause(pool: nil))
        case (.delete, 1, "pause", _): return made(.clear(.pause, subject: ControlEntry.everything))
        case (.post, 3, "pools", "override"):
            guard let workers = try query.number("workers", in: 0...1_000_000) else {
                throw ControlError(.invalid, "say how many: ?workers=5")
            }
            return made(.override(pool: parts[1], workers: workers))
        case (.delete, 3, "pools", "override"): return made(.clear(.override, subject: parts[1]))
        case (.post, 3, "pools", "pause"): return made(.pause(pool: parts[1]))
        case (.delete, 3, "pools", "pause"): return made(.clear(.pause, subject: parts[1]))
        case (.post, 3, "workers", "protect"): return made(.protect(worker: parts[1]))
        case (.delete, 3, "workers", "protect"): return made(.clear(.protect, subject: parts[1]))
        case (.post, 3, "workers", "leave"): return made(.leave(worker: parts[1]))
        default: return nil
        }
    }

    private static func failure(_ status: Int, _ message: String) -> Reply {
        Reply(status, RecordedJSON.text(["error": message]))
    }
}

import JSON
import NIOCore

/// What an exchange says about its call.
enum CallReply: Sendable, Equatable {
    /// A result; `difference` tells how it differs from the expected one.
    case result(difference: String?, body: ByteBuffer)
    /// The job's path, to ask for its result.
    case accepted(job: String)
    /// The job is not settled yet.
    case unsettled
    /// 429 or 503.
    case refused(after: Duration?)
    case expired
    case failed(String)
    /// The service does not know the job, or no longer.
    case unknownJob(String)
    /// No answer.
    case broken(String)
}

/// Reads answers by the rules of `docs/api.md`. Confined to an event loop.
final class ReplyReader {
    private let requests: [PreparedRequest]
    /// The last right answer to each request: most answers are the same bytes again and need no second look.
    private var lastRight: [ByteBuffer?]

    init(requests: [PreparedRequest]) {
        self.requests = requests
        self.lastRight = Array(repeating: nil, count: requests.count)
    }

    /// The answer to a POST of request number `request`.
    func submitted(_ result: Result<HTTPResponse, ExchangeFailure>, request: Int) -> CallReply {
        read(result) { response in
            switch response.status {
            case 200: self.result(response, request: request)
            case 202: response.location.map { .accepted(job: $0) } ?? .failed("202 without Location")
            // A synchronous time-out leaves the job running if it names it; otherwise the deadline has passed.
            case 504: response.location.map { .accepted(job: $0) } ?? .expired
            default: .failed(Self.words(for: response))
            }
        }
    }

    /// The answer to a GET of a job of request number `request`.
    func followed(_ result: Result<HTTPResponse, ExchangeFailure>, request: Int) -> CallReply {
        read(result) { response in
            switch response.status {
            case 200: self.settled(response, request: request)
            case 202: .unsettled
            case 404, 410: .unknownJob("accepted job is unknown: status \(response.status)")
            default: .broken(Self.words(for: response))
            }
        }
    }

    private func read(
        _ result: Result<HTTPResponse, ExchangeFailure>, _ body: (HTTPResponse) -> CallReply
    ) -> CallReply {
        switch result {
        case .failure(let failure): .broken(failure.reason)
        case .success(let response) where response.status == 429 || response.status == 503:
            .refused(after: response.retryAfter)
        case .success(let response): body(response)
        }
    }

    private func result(_ response: HTTPResponse, request: Int) -> CallReply {
        if lastRight[request] == response.body { return .result(difference: nil, body: response.body) }
        do throws(LoadError) {
            let difference = try InferAnswer(response).difference(from: requests[request].expected)
            if difference == nil { lastRight[request] = response.body }
            return .result(difference: difference, body: response.body)
        } catch {
            return .result(difference: error.message, body: response.body)
        }
    }

    /// A settled job: its V2 response, or how else it ended.
    private func settled(_ response: HTTPResponse, request: Int) -> CallReply {
        if response.inferenceHeaderLength != nil || lastRight[request] == response.body {
            return result(response, request: request)
        }
        let document: JSONValue
        do throws(JSONParser.Problem) {
            document = try JSONParser.parse(response.body.readableBytesView)
        } catch {
            return .result(difference: "the answer is no JSON", body: response.body)
        }
        guard document["outputs"] == nil else { return result(response, request: request) }
        switch document["status"]?.string {
        case "waiting", "running", "retrying": return .unsettled
        case "expired": return .expired
        case let status:
            return .failed("job \(status ?? "without status"): \(document["error"]?.string ?? "no reason given")")
        }
    }

    /// The status and the service's own words, cut.
    static func words(for response: HTTPResponse) -> String {
        // A body that is no JSON has no words worth keeping.
        let text = try? JSONParser.parse(response.body.readableBytesView.prefix(4_096))["error"]?.string
        return "status \(response.status)" + (text.map { ": \($0.prefix(160))" } ?? "")
    }
}

import HTTPTypes
import NIOCore
import Testing

@testable import Gateway

/// Why a call can have no result, as a conformance test brings it about.
enum Situation: CaseIterable {
    case unknownModel, badRequest, badOption, tooLarge, queueFull, queueAway, cannotServe
    case conflict, underWay, gone, timedOut, late, disconnected, invalidInput, backend, expired, cancelled
}

/// What one protocol looks like from outside: how to ask the same of each, and how each says it.
struct ProtocolCase: Sendable, CustomTestStringConvertible {
    let name: String
    let path: @Sendable (_ model: String) -> String
    /// A request for model `m` of `V2Samples.image`, with a time-out and a deadline in milliseconds.
    let body: @Sendable (_ numbers: [Int], _ timeout: Int?, _ deadline: Int?) -> String
    let statuses: [Situation: Int]
    let isError: @Sendable (HTTPReply) -> Bool
    let isOutcome: @Sendable (HTTPReply) -> Bool

    var testDescription: String { name }

    static let all = [v2, plain]
    static let protocols = InferenceProtocols(InferenceProtocols.all.list + [PlainProtocol()])

    static let v2 = ProtocolCase(
        name: "v2_http", path: { "/v2/models/\($0)/infer" },
        body: { numbers, timeout, deadline in
            let parameters = [
                timeout.map { #""timeout":\#($0 * 1_000)"# }, deadline.map { #""deadline_ms":\#($0)"# },
            ].compactMap { $0 }.joined(separator: ",")
            return
                #"{"parameters":{\#(parameters)},"inputs":[{"name":"x","datatype":"FP32","shape":[1,\#(numbers.count)],"data":\#(numbers)}]}"#
        },
        statuses: [
            .unknownModel: 404, .badRequest: 400, .badOption: 400, .tooLarge: 413, .queueFull: 429, .queueAway: 503,
            .cannotServe: 503, .conflict: 422, .underWay: 409, .gone: 410, .timedOut: 504, .late: 504,
            .disconnected: 499, .invalidInput: 400, .backend: 500, .expired: 504, .cancelled: 409,
        ], isError: { !$0.error.isEmpty }, isOutcome: { (try? $0.document["outputs"]) != nil })

    static let plain = ProtocolCase(
        name: "plain", path: { "/plain/\($0)" },
        body: { numbers, timeout, deadline in
            var lines = ["x: " + numbers.map { "\($0)" }.joined(separator: " ")]
            if let timeout { lines.append("timeout: \(timeout)") }
            if let deadline { lines.append("deadline: \(deadline)") }
            return lines.joined(separator: "\n")
        },
        statuses: [
            .unknownModel: 404, .badRequest: 400, .badOption: 400, .tooLarge: 413, .queueFull: 420, .queueAway: 503,
            .cannotServe: 503, .conflict: 422, .underWay: 409, .gone: 410, .timedOut: 504, .late: 504,
            .disconnected: 499, .invalidInput: 400, .backend: 500, .expired: 504, .cancelled: 409,
        ], isError: { String(buffer: $0.body).hasPrefix("error: ") },
        isOutcome: { String(buffer: $0.body) == "y [1,2]" })
}

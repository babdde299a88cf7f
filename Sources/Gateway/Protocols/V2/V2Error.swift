/// A refusal in the protocol's own terms: the status and the text of `{"error": …}`.
struct V2Error: Error, Sendable, Equatable {
    var status: Int
    var message: String

    static func bad(_ message: String) -> V2Error { V2Error(status: 400, message: message) }
}

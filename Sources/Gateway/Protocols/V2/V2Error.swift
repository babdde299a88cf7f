import Settings

/// A refusal in the protocol's own terms: the status and the text of `{"error": …}`.
struct V2Error: Error, Sendable, Equatable {
    var status: Int
    var message: String

    static func bad(_ message: String) -> V2Error { V2Error(status: 400, message: message) }

    /// A parameter that nobody knows is an error, as an unknown key of a file is: what was meant would not happen.
    static func unknownParameter(_ name: String, of owner: String, known: [String]) -> V2Error {
        .bad(Suggestion.unknownParameter(name, of: owner, known: known))
    }
}

import Settings

/// A refusal in the protocol's own terms: the status and the text of `{"error": …}`.
struct V2Error: Error, Sendable, Equatable {
    var status: Int
    var message: String

    static func bad(_ message: String) -> V2Error { V2Error(status: 400, message: message) }

    /// A parameter that nobody knows is an error, as an unknown key of a file is: what was meant would not happen.
    static func unknownParameter(_ name: String, of owner: String, known: [String]) -> V2Error {
        let hint = Suggestion.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ";"
        return .bad(
            "parameter '\(name.prefix(80))' of \(owner) is not known\(hint) allowed: \(known.joined(separator: ", "))")
    }
}

/// An outcome that cannot be written in the form that was asked for.
enum V2EncodingError: Error, Sendable, Equatable {
    /// In binary it can.
    case inexpressible(String)
    /// It contradicts itself.
    case malformed(String)
}

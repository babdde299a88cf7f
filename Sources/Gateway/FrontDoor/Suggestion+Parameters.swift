import Settings

extension Suggestion {
    /// A parameter that nobody knows is an error, as an unknown key of a file is: what was meant would not happen.
    static func unknownParameter(_ name: some StringProtocol, of owner: String, known: [String]) -> String {
        let hint = nearest(to: String(name), among: known).map { "; did you mean '\($0)'?" } ?? ";"
        return
            "parameter '\(name.prefix(80))' of \(owner) is not known\(hint) allowed: \(known.joined(separator: ", "))"
    }
}

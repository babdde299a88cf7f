import HummingbirdCore
import Settings
import Time

/// What a request for a job asks for besides it.
struct JobQuery: Sendable, Equatable {
    private static let names = ["wait", "binary_data_output"]

    /// How long to wait for the job's end.
    private(set) var wait: Duration = .zero
    private(set) var form: TensorForm

    /// - Throws: 400 for what is not known: whoever writes `wiat` would poll without a pause.
    init(_ request: Request) throws(JobQueryError) {
        form = TensorForm(accept: request.headers)
        for (name, value) in request.uri.queryParameters {
            switch name {
            case "wait":
                guard let wait = Self.duration(value) else {
                    throw JobQueryError(
                        "wait must be a duration such as 20s, 500ms or 1m, at most a day, got: \(value)")
                }
                self.wait = wait
            case "binary_data_output", "binary_data":
                switch value {
                case "true", "1", "": form = .binary
                case "false", "0": form = .json
                default: throw JobQueryError("\(name) must be true or false, got: \(value)")
                }
            default: throw JobQueryError(Suggestion.unknownParameter(name, of: "the query", known: Self.names))
            }
        }
    }

    /// As in the configuration, or plain seconds; at most a day.
    static func duration(_ text: Substring) -> Duration? {
        let duration = Duration(text: text) ?? Duration(text: "\(text)s")
        return duration.flatMap { $0 <= .seconds(86_400) ? $0 : nil }
    }
}

/// What is wrong with the query of a request for a job.
struct JobQueryError: Error, Sendable, Equatable {
    var message: String

    init(_ message: String) { self.message = message }
}

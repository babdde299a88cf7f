import HTTPTypes

/// What a request prefers.
///
/// - Source: RFC 7240: comma-separated preferences in any number of fields, `name`, `name=token` or `name="text"`, with
///   parameters behind a semicolon; an empty value is none; of a preference that is given twice the first counts.
struct Preferences: Sendable, Equatable {
    private(set) var isAsynchronous = false
    /// How long the caller of an asynchronous request likes to wait for the outcome before it takes the job's id.
    private(set) var wait: Duration?

    init(_ headers: HTTPFields) {
        for field in headers[values: .prefer] {
            for preference in HeaderList.elements(of: field, separator: ",") {
                guard let token = HeaderList.elements(of: preference, separator: ";").first else { continue }
                note(HeaderList.member(token))
            }
        }
    }

    private mutating func note(_ preference: (name: String, value: String)) {
        switch preference.name {
        case "respond-async": if preference.value.isEmpty { isAsynchronous = true }
        case "wait":
            guard wait == nil, let seconds = Int(preference.value), (0...86_400).contains(seconds) else { return }
            wait = .seconds(seconds)
        default: break
        }
    }
}

import JSON

/// Reads requests; what is malformed is a V2 error.
typealias JSONScanner = JSON.JSONScanner<V2Error>

extension V2Error: JSONFailure {
    init(malformed message: String) { self = .bad(message) }
}

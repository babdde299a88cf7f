import HTTPTypes

/// How a caller wants the tensors of an answer.
enum TensorForm: Sendable, Equatable {
    /// As the request asked for each output.
    case asRequested
    /// All of them in the JSON text.
    case json
    /// All of them behind it.
    case binary

    /// What `Accept` prefers between `application/json` and `application/octet-stream`; no preference where it weighs both
    /// alike, as `*/*` does, or names neither.
    ///
    /// - Source: RFC 9110, section 12.5.1: the most specific range counts, weights from 0 to 1.
    init(accept headers: HTTPFields) {
        var json = Weight()
        var binary = Weight()
        for field in headers[values: .accept] {
            for range in HeaderList.elements(of: field, separator: ",") {
                let parts = HeaderList.elements(of: range, separator: ";")
                guard let name = parts.first?.lowercased() else { continue }
                let weight = parts.dropFirst().map { HeaderList.member($0) }.first { $0.name == "q" }
                    .flatMap { Double($0.value) }.map { min(max($0, 0), 1) }
                json.note(name, "json", weight ?? 1)
                binary.note(name, "octet-stream", weight ?? 1)
            }
        }
        if json.value == binary.value {
            self = .asRequested
        } else {
            self = json.value > binary.value ? .json : .binary
        }
    }

    private struct Weight {
        var value = 0.0
        private var precision = 0

        mutating func note(_ range: String, _ subtype: String, _ weight: Double) {
            let found =
                switch range {
                case "application/" + subtype: 3
                case "application/*": 2
                case "*/*", "*": 1
                default: 0
                }
            guard found > precision else { return }
            (value, precision) = (weight, found)
        }
    }
}

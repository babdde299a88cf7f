import HTTPTypes

/// What HTTP says of a body that cannot be taken; how an error is written is its protocol's.
extension RequestBodyError {
    var status: HTTPResponse.Status {
        switch self {
        case .tooLarge: .contentTooLarge
        case .noRoom: .serviceUnavailable
        case .unknownEncoding: .unsupportedMediaType
        case .notDecompressible, .interrupted: .badRequest
        case .refused(let refusal): refusal.status
        }
    }

    var message: String {
        switch self {
        case .tooLarge(let limit): "the request body is larger than the limit of \(limit) bytes"
        case .noRoom(let held, let limit):
            "the gateway holds \(held) bytes of request bodies and allows \(limit) (gateway.maximum_bodies); try again in a second"
        case .unknownEncoding(let name):
            "Content-Encoding '\(name.shortened)' is not supported; allowed: one of \(ContentCodings.supported)"
        case .notDecompressible(let reason): "the request body cannot be decompressed: \(reason)"
        case .refused(let refusal): refusal.message
        case .interrupted: "the connection ended before the request body did"
        }
    }

    var fields: HTTPFields {
        switch self {
        case .noRoom: [.retryAfter: "1"]
        case .unknownEncoding: [.acceptEncoding: ContentCodings.supported]
        case .tooLarge, .notDecompressible, .refused, .interrupted: [:]
        }
    }

    /// Whether the body was not read to its end, so that nothing else can be read from the connection.
    var endsConnection: Bool {
        switch self {
        case .tooLarge, .noRoom, .refused, .interrupted: true
        case .unknownEncoding, .notDecompressible: false
        }
    }
}

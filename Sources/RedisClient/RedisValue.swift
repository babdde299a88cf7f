package import NIOCore

/// One reply of Redis (RESP2).
package enum RedisValue: Sendable, Equatable {
    case simple(String)
    case error(String)
    case integer(Int64)
    /// Slices of one reply share its storage.
    case bulk(ByteBuffer)
    case null
    case array([RedisValue])

    /// The text of a simple or bulk string.
    package var string: String? {
        switch self {
        case .simple(let text): text
        case .bulk(let bytes): String(buffer: bytes)
        case .error, .integer, .null, .array: nil
        }
    }

    /// An integer reply, or a string that spells one.
    package var integer: Int? {
        switch self {
        case .integer(let value): Int(value)
        case .simple, .bulk: string.flatMap { Int($0) }
        case .error, .null, .array: nil
        }
    }

    package var bytes: ByteBuffer? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    package var array: [RedisValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var isNull: Bool { self == .null }

    package var errorMessage: String? {
        if case .error(let message) = self { message } else { nil }
    }
}

import FoundationEssentials

/// The bytes of JSON that control planes speak, to and from values.
enum JSONBody {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Our own values: strings, whole numbers, booleans. None of them can fail to encode.
        return (try? encoder.encode(value)).map(Array.init) ?? []
    }

    /// `nil` when the bytes are something else; both sides of the wire change, so what is missing is optional.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) -> Value? {
        // What is something else is `nil`: the caller says what it was to be.
        try? JSONDecoder().decode(type, from: Data(bytes))
    }

    /// The `message` of an answer that refuses, as the Docker Engine and Kubernetes both word it; else its first bytes.
    static func message(of bytes: [UInt8]) -> String {
        struct Refusal: Decodable { var message: String? }
        if let message = decode(Refusal.self, from: bytes)?.message { return message }
        return String(decoding: bytes.prefix(300), as: UTF8.self)
    }
}

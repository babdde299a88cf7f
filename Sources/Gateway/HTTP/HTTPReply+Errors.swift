import Foundation
import HTTPTypes
import NIOCore

extension HTTPReply {
    static func json(_ status: HTTPResponse.Status, encoding value: some Encodable) throws -> HTTPReply {
        .json(status, ByteBuffer(bytes: try encoder.encode(value)))
    }

    /// `{"error": message}` as every protocol of this gateway sends it.
    static func error(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) -> HTTPReply {
        // A dictionary of strings always encodes.
        let body = (try? encoder.encode(["error": message])) ?? Data(#"{"error":"internal"}"#.utf8)
        return .json(status, ByteBuffer(bytes: body), headers: headers)
    }

    /// 405 with what is allowed (RFC 9110 15.5.6).
    static func methodNotAllowed(_ methods: [HTTPRequest.Method]) -> HTTPReply {
        let names = methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.rawValue] }.joined(separator: ", ")
        return .error(.methodNotAllowed, "Method Not Allowed: this path has \(names)", headers: [.allow: names])
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

extension String {
    /// What a caller sent, for an error's text: long ones are cut, and nothing steers a terminal.
    var shortened: String {
        let text = count > 128 ? prefix(96) + "… (\(utf8.count) bytes)" : self[...]
        return String(
            text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "\u{FFFD}" : $0 })
    }
}

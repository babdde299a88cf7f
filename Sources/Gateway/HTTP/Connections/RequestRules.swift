import HTTPTypes
import NIOHTTP1

/// What RFC 9112 demands of a request's head beyond what the parser sees to.
enum RequestRules {
    /// Longest target, in bytes.
    static let longestTarget = 32 * 1024

    /// Why the request is not handled; `nil` for one that is.
    static func refusal(of head: HTTPRequestHead) -> HTTPRefusal? {
        if head.method == .CONNECT { return HTTPRefusal(.notImplemented, "CONNECT is not supported: this is no proxy") }
        if head.uri.utf8.count > longestTarget {
            return HTTPRefusal(.uriTooLong, "the request's target is too long: at most \(longestTarget / 1024) KiB")
        }
        return host(head) ?? transferEncoding(head) ?? expectation(head)
    }

    /// RFC 9112 3.2: exactly one, which may be empty.
    private static func host(_ head: HTTPRequestHead) -> HTTPRefusal? {
        let hosts = head.headers["Host"]
        guard let host = hosts.first else {
            return head.version.minor == 0 ? nil : HTTPRefusal(.badRequest, "the request names no Host")
        }
        if hosts.count > 1 { return HTTPRefusal(.badRequest, "the request names \(hosts.count) Hosts") }
        guard host.utf8.allSatisfy(isPartOfHost) else { return HTTPRefusal(.badRequest, "Host is no name of a host") }
        return nil
    }

    /// RFC 3986 3.2: letters, digits and what names, addresses and ports consist of.
    private static func isPartOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~%!$&'()*+,;=:[]".utf8.contains(byte)
        }
    }

    /// RFC 9112 6.1: a coding that is not understood is 501; HTTP/1.0 knows none.
    private static func transferEncoding(_ head: HTTPRequestHead) -> HTTPRefusal? {
        let codings = head.headers[canonicalForm: "Transfer-Encoding"].map { $0.lowercased() }
        if codings.isEmpty { return nil }
        if head.version.minor == 0 {
            return HTTPRefusal(.badRequest, "HTTP/1.0 knows no Transfer-Encoding: the body's end cannot be told")
        }
        return codings == ["chunked"]
            ? nil : HTTPRefusal(.notImplemented, "the only Transfer-Encoding that is supported is chunked")
    }

    private static func expectation(_ head: HTTPRequestHead) -> HTTPRefusal? {
        guard head.version.minor > 0, let expectation = head.headers.first(name: "Expect"),
            expectation.lowercased() != "100-continue"
        else { return nil }
        return HTTPRefusal(.expectationFailed, "the only expectation that is supported is 100-continue")
    }
}

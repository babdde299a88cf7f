import JSON
import NIOCore

/// The body of `POST /v2/repository/index`: nothing, or `{"ready": true}` for the models that are ready only.
struct V2IndexRequest: Sendable, Equatable {
    static let maximumBytes = 64 << 10

    private(set) var readyOnly = false

    /// - Throws: 400 for anything else than an object; members that are not known are ignored.
    init(_ body: ByteBuffer) throws(V2Error) {
        guard body.readableBytes > 0 else { return }
        var failure: V2Error?
        var readyOnly = false
        body.withUnsafeReadableBytes { bytes in
            do throws(V2Error) {
                var scanner = JSONScanner(bytes, 0..<bytes.count)
                try scanner.object("the request") { key, scanner throws(V2Error) in
                    switch key {
                    case "ready": readyOnly = try scanner.boolean("ready")
                    default: try scanner.skipValue()
                    }
                }
                if scanner.peek() != nil { throw scanner.unexpected("nothing after the request") }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        self.readyOnly = readyOnly
    }
}

import Jobs
import NIOCore
import RedisClient
import Wire

/// Where the inputs of a large job lie: in a key of their own, so that whoever looks at its lane does not touch them.
///
/// Redis has no way to ask about a stream entry without reading all of it, and Lua copies what it reads: 6 ms of Redis for
/// each MB, at every look. The entry of a large job has its head (field `h`: the job without inputs) and names its body
/// (field `b`: `<token> <bytes>`); a small one is in the entry itself (field `j`), which costs a submit and a take one
/// command less.
struct JobBody: Sendable, Hashable {
    /// Bytes of an encoded job up to which it is in its entry.
    static let inlineLimit = 16 << 10

    /// Bytes above which nothing that Spate wrote is: Redis holds no longer string.
    private static let sizeLimit = 512 << 20

    /// Names the key. Made before the entry has its id.
    let token: String
    let size: Int

    /// Of a job that is to be submitted.
    init(size: Int) {
        token =
            String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
        self.size = size
    }

    /// What the field says; `nil` for any other text.
    init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let size = Int(parts[1]), (0...Self.sizeLimit).contains(size), !parts[0].isEmpty else {
            return nil
        }
        token = String(parts[0])
        self.size = size
    }

    /// The field.
    var text: String { "\(token) \(size)" }

    /// The job without its inputs.
    static func head(of job: Job) throws(QueueError) -> ByteBuffer {
        var head = job
        head.inputs = []
        var buffer = ByteBuffer()
        try buffer.write(head)
        return buffer
    }
}

extension Keys {
    func body(_ queue: QueueName, _ token: String) -> String { prefix(queue) + "body:" + token }
}

/// How long a command may take that carries bytes.
enum Transfer {
    /// Slowest link that is worked with: 1 MiB/s.
    private static let rate = 1 << 20
    /// Bytes from which a command goes over a connection of its own: what is shared must not wait behind it.
    static let large = 256 << 10

    static func timeout(_ bytes: Int) -> Duration { .seconds(5) + .seconds(bytes / rate) }
}

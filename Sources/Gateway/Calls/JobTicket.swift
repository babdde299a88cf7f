import COpenSSL
import Jobs

/// A job as its caller knows it: the id, and a tag that nobody can make up who was not given it.
///
/// Text form, fixed: `<id>.<32 hexadecimal digits>`, for example
/// `digits.1.normal.1732163000000-0.5f0c1d6b9a3e47d28c41b7f05a9e6d13`. Whoever has the text may read and cancel the job; the id
/// alone, which logs and dead letters show, is of no use.
struct JobTicket: Hashable, Sendable, CustomStringConvertible {
    let id: JobID
    private let signer: JobSigner

    fileprivate init(id: JobID, signer: JobSigner) {
        self.id = id
        self.signer = signer
    }

    /// Made when it is asked for: most synchronous calls never say the name of their job.
    var description: String { "\(id).\(signer.tag(of: id))" }

    var path: String { "/v2/jobs/\(self)" }
}

/// Gives out tickets, and knows its own.
///
/// The tag is the first 128 bits of HMAC-SHA-256 over the id's text: nothing is stored for a job, and a guess is right once in
/// 2^128. About 2 µs each.
///
/// - Source: RFC 2104, section 5: at least half of the hash and at least 80 bits.
struct JobSigner: Sendable, Hashable {
    private static let tagBytes = 16

    let secret: JobSecret

    func ticket(for id: JobID) -> JobTicket { JobTicket(id: id, signer: self) }

    /// The ticket that `text` spells; `nil` unless it was signed with this secret.
    func open(_ text: some StringProtocol) -> JobTicket? {
        guard let dot = text.lastIndex(of: "."), let id = JobID(text[..<dot]) else { return nil }
        guard Self.areEqual(tag(of: id).utf8, text[text.index(after: dot)...].utf8) else { return nil }
        return JobTicket(id: id, signer: self)
    }

    fileprivate func tag(of id: JobID) -> String {
        let text = Array(id.description.utf8)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let done = HMAC(EVP_sha256(), secret.bytes, Int32(JobSecret.length), text, text.count, &digest, &length)
        precondition(done != nil && length == 32, "SHA-256 has 32 bytes")
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.prefix(Self.tagBytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    /// In a time that does not depend on where they differ.
    private static func areEqual(_ tag: some Collection<UInt8>, _ guess: some Collection<UInt8>) -> Bool {
        guard tag.count == guess.count else { return false }
        return zip(tag, guess).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

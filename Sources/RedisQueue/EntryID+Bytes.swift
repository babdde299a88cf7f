import Jobs
import NIOCore
import RedisClient

extension RedisValue {
    /// The stream entry id that this string spells, read from its bytes: there are three per job on the way
    /// through the queue, and a `String` each was 6 % of a gateway's and worker's time.
    var entryID: EntryID? {
        guard let bytes else { return string.flatMap { EntryID($0) } }
        return EntryID(bytes: bytes.readableBytesView)
    }
}

extension EntryID {
    /// `nil` for any bytes but `<milliseconds>-<sequence>`, both decimal without leading zeros and within 64 bits.
    init?(bytes: some Collection<UInt8>) {
        guard let dash = bytes.firstIndex(of: UInt8(ascii: "-")),
            let milliseconds = Self.number(bytes[..<dash]),
            let sequence = Self.number(bytes[bytes.index(after: dash)...])
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = scaled.addingReportingOverflow(UInt64(digit &- UInt8(ascii: "0")))
            guard !overflow, !overflowed else { return nil }
            value = sum
        }
        return value
    }
}

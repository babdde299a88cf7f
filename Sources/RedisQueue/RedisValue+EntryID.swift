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

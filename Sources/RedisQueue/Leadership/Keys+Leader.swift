extension Keys {
    /// Who leads: a hash that never expires, so that its epoch only grows.
    ///
    /// | field | |
    /// |---|---|
    /// | `epoch` | of the newest term |
    /// | `holder` | of the newest term; empty after it gave the lease back |
    /// | `until` | end of the lease, ms of Redis time; absent where something else keeps the lease |
    /// | `seen` | when a term was registered last whose lease something else keeps, ms of Redis time |
    /// | `authority`, `term` | what keeps the lease instead of Redis, and its own number for the term |
    var leader: String { shared("leader") }

    /// What the leader wants: a hash, `PublishedCount.text` by pool.
    var desired: String { shared("desired") }
    /// Channel; a notice that `desired` was written.
    var desiredChannel: String { channel("desired") }
}

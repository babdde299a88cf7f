/// Which Lease, and how it is held.
package struct LeaseConfiguration: Sendable, Equatable {
    /// Of the Lease in the client's namespace.
    package var name: String
    /// Unique per boot of a process; it must not begin where another ended.
    package var identity: String
    /// How long a lease that nobody renews keeps others out. Default 15 s.
    package var duration: Duration
    /// The holder stops acting when it could not renew for this long. Default two thirds of `duration`.
    package var renewDeadline: Duration
    /// Between two looks, times 1 to 1.2. Default two fifteenths of `duration`: 2 s.
    package var retryPeriod: Duration

    package init(
        name: String = "spate-scaler", identity: String, duration: Duration = .seconds(15),
        renewDeadline: Duration? = nil, retryPeriod: Duration? = nil
    ) {
        self.name = name
        self.identity = identity
        self.duration = duration
        self.renewDeadline = renewDeadline ?? duration * 2 / 3
        self.retryPeriod = retryPeriod ?? duration * 2 / 15
    }
}

/// The right to act that a Lease gives to one process.
package struct LeaseTenure: Sendable, Hashable {
    /// `<namespace>/<name>/<uid>`: one life of the lease. `transitions` begins again when the lease is deleted.
    package var authority: String
    /// How often the lease has changed hands: the fencing epoch within one authority. It does not grow while one process
    /// keeps the lease, so whoever writes in its name compares both this and the holder.
    package var transitions: Int
    package var holder: String
    /// Until it ends, unless it is renewed.
    package var remaining: Duration

    package init(authority: String, transitions: Int, holder: String, remaining: Duration) {
        self.authority = authority
        self.transitions = transitions
        self.holder = holder
        self.remaining = remaining
    }

    /// Whether both are one unbroken right to act.
    package func isSame(as other: LeaseTenure) -> Bool {
        authority == other.authority && transitions == other.transitions && holder == other.holder
    }
}

package import Time

/// Which of several scalers may act. At most one holds a term at any moment, and a later term has a greater epoch.
///
/// The rule for whoever acts: look at `term()` right before each action, bound the action by `term.ends`, and send every
/// write that matters with `term.epoch`, so that Redis refuses it once a later term has begun.
///
/// Source: leases as in Gray and Cheriton, SOSP 1989; fencing epochs as in Burrows, "The Chubby lock service", OSDI 2006,
/// section 2.4 (there: sequencers).
package protocol Leadership: Sendable {
    /// Contends for the leadership and renews it until the task is cancelled; then gives it back, so that another can
    /// take over at once. Never throws: what it depends on may come and go.
    func run() async

    /// The term in which this process may act at this moment; `nil` while it may not. No I/O, from any thread.
    func term() -> LeadershipTerm?

    /// How long from this moment the term holds unless it is renewed; `nil` without one. No I/O, from any thread. For calls
    /// elsewhere, which must not take longer: `LeadershipTerm.ends` is on a clock of its own.
    func remaining() -> Duration?

    /// What `term()` says, now and after every change; a slow reader misses all but the newest. Ends when `run` does.
    func terms() -> AsyncStream<LeadershipTerm?>
}

/// An unbroken time in which one process leads.
package struct LeadershipTerm: Sendable, Hashable {
    /// Grows with each term, over all processes. Redis refuses what bears an older one.
    package var epoch: Int64
    /// Who leads; unique per boot of a process.
    package var holder: String
    /// When it ends unless it is renewed: on this process's own monotonic clock, before the lease can pass to another.
    /// Says nothing to another process.
    package var ends: Timestamp

    package init(epoch: Int64, holder: String, ends: Timestamp) {
        self.epoch = epoch
        self.holder = holder
        self.ends = ends
    }
}

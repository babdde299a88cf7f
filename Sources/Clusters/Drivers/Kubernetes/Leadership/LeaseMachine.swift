/// What a Lease of Kubernetes says of who leads.
struct LeaseRecord: Sendable, Equatable {
    var holder: String?
    /// Whole seconds, as Kubernetes keeps them.
    var durationSeconds: Int
    var acquireTime: String?
    var renewTime: String?
    /// How often the holder has changed.
    var transitions: Int
}

/// The rules by which a process takes, keeps and loses a Lease. A value; times are of this process's own monotonic clock,
/// and no time that another machine wrote is ever compared.
///
/// | what is seen | then |
/// |---|---|
/// | no lease | create it |
/// | own, or nobody's | write it, with one more transition unless it was own |
/// | another's, changed within its duration of being looked at | wait |
/// | another's, unchanged for its duration | take it over, with one more transition |
///
/// Source: client-go `tools/leaderelection/leaderelection.go`.
struct LeaseMachine: Sendable {
    enum Action: Sendable, Equatable {
        case create(LeaseRecord)
        case replace(LeaseRecord)
        case wait
    }

    struct Holding: Sendable, Equatable {
        var transitions: Int
        /// When the last write that the server took was begun: the holding counts from there.
        var renewed: Duration
    }

    let identity: String
    let duration: Duration
    /// The holder stops acting when this has passed since its last renewal; below `duration`.
    let renewDeadline: Duration

    private var observed: LeaseRecord?
    private var observedAt: Duration = .zero
    private var holding: Holding?

    init(identity: String, duration: Duration, renewDeadline: Duration) {
        self.identity = identity
        self.duration = duration
        self.renewDeadline = renewDeadline
    }

    /// The lease was read: `nil` when there is none.
    /// - Parameter stamp: the wall clock's time, for people who look at the lease.
    mutating func see(_ record: LeaseRecord?, at now: Duration, stamp: String) -> Action {
        guard let record else {
            observed = nil
            return .create(own(transitions: 0, acquired: stamp, stamp))
        }
        if record != observed {
            observed = record
            observedAt = now
        }
        let holder = record.holder ?? ""
        if holder == identity {
            return .replace(own(transitions: record.transitions, acquired: record.acquireTime ?? stamp, stamp))
        }
        holding = nil
        // What the holder promised, not what we would have.
        let promised = Duration.seconds(max(record.durationSeconds, 1))
        guard holder.isEmpty || observedAt + promised <= now else { return .wait }
        // An absurd count from outside must not trap.
        let transitions = record.transitions.addingReportingOverflow(1)
        return .replace(
            own(transitions: transitions.overflow ? .max : transitions.partialValue, acquired: stamp, stamp))
    }

    /// The server took the write that began at `begun`.
    mutating func noteWritten(_ record: LeaseRecord, begun: Duration) {
        observed = record
        observedAt = begun
        holding = Holding(transitions: record.transitions, renewed: begun)
    }

    /// Somebody else wrote it first.
    mutating func noteConflict() { holding = nil }

    /// The lease was given back.
    mutating func noteReleased() { holding = nil }

    /// What this process holds at `now`; `nil` when it may not act.
    func current(at now: Duration) -> Holding? {
        guard let holding, now < holding.renewed + renewDeadline else { return nil }
        return holding
    }

    /// Who holds it as far as was seen.
    var holder: String? { observed?.holder }

    /// The record that gives the lease back: nobody's, and over in a second.
    func released(stamp: String) -> LeaseRecord? {
        guard let observed, observed.holder == identity else { return nil }
        return LeaseRecord(
            holder: "", durationSeconds: 1, acquireTime: stamp, renewTime: stamp, transitions: observed.transitions)
    }

    private func own(transitions: Int, acquired: String, _ stamp: String) -> LeaseRecord {
        LeaseRecord(
            holder: identity, durationSeconds: max(Int(duration.components.seconds), 1), acquireTime: acquired,
            renewTime: stamp, transitions: transitions)
    }
}

/// How the workers of a pool come and go, as the pool's driver declares it.
package enum WorkerOrdering: Sendable, Equatable {
    /// Whose a worker is that a driver started.
    package enum Keeper: Sendable, Equatable {
        /// The process that started it, and nobody else can end it: it stays that one's while another leads.
        case starter
        /// The scaler that leads: it takes over what the one before it started.
        case leader
    }

    /// Each is started, drained and killed by itself.
    case oneByOne(Keeper)
    /// Their number is set, those that leave not counted; somebody else starts them and chooses who ends.
    case byCount
    /// Somebody else starts and ends them: they are observed, and it is said how many would be wanted.
    case observed

    /// Whether workers are started and drained by their ids.
    package var isOneByOne: Bool {
        switch self {
        case .oneByOne: true
        case .byCount, .observed: false
        }
    }
}

/// Why no worker of a pool can be had.
package struct Unavailability: Sendable, Equatable {
    package enum Span: Sendable, Equatable {
        /// What is missing may come at any time.
        case passing
        /// What is missing is a part of the machine.
        case lasting
        /// The driver was made before there was such a pool.
        case untilRestart
    }

    /// What is missing, for people.
    package var reason: String
    package var span: Span

    package init(_ reason: String, _ span: Span) {
        self.reason = reason
        self.span = span
    }
}

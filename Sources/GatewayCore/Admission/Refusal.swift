package import Jobs

/// Why a request was not accepted. Nothing of it is in the queue.
package enum Refusal: Error, Sendable, Equatable {
    case queueFull(model: String, held: Int, limit: Int, retryAfter: Duration)
    /// No pool of the model can serve it.
    case cannotServe(model: String, reason: String, retryAfter: Duration)
    /// The queue does not do what it is asked for.
    case queue(QueueTrouble)
    /// The Idempotency-Key was used for a different request. It says no job: who knows a key, which anybody may guess, is not
    /// its job's owner.
    case conflict

    /// For the label of a metric.
    package var reason: String {
        switch self {
        case .queueFull: "queue_full"
        case .cannotServe: "cannot_serve"
        case .queue(.full): "store_full"
        case .queue(.tooLarge): "too_large"
        case .queue(.unavailable): "unavailable"
        case .conflict: "conflict"
        }
    }
}

/// What callers are told where the queue does not do what it is asked for.
package enum QueueTrouble: Error, Sendable, Equatable {
    /// Redis has no room for more payload, or refuses writes.
    case full(String)
    /// The job is larger than the queue can carry.
    case tooLarge(String)
    /// Redis is away, or refuses the gateway; in words for callers.
    case unavailable(String)

    package init(_ error: QueueError) {
        switch error.code {
        case .outOfMemory: self = .full(error.message)
        case .tooLarge, .notCarried: self = .tooLarge(error.callersReason)
        case .unavailable, .unauthorized, .misconfigured, .malformed: self = .unavailable(error.callersReason)
        }
    }
}

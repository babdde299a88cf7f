import Jobs

extension Outcome.Ending {
    /// The word for the state of a job that ended so.
    var name: String {
        switch self {
        case .finished: "finished"
        case .failed: "failed"
        case .expired: "expired"
        case .cancelled: "cancelled"
        }
    }
}

extension JobFailure.Code {
    var name: String {
        switch self {
        case .invalidInput: "invalid_input"
        case .backend: "backend"
        case .poison: "poison"
        case .internal: "internal"
        }
    }
}

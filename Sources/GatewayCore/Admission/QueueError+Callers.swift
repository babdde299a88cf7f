package import Jobs

extension QueueError {
    /// What a caller is told: the kind of trouble, and no address, path or name of what stands behind the gateway. Those are in
    /// the gateway's log.
    package var callersReason: String {
        switch code {
        case .unavailable: "the job queue cannot be reached for the moment; try again in a second"
        case .outOfMemory, .notCarried: message
        case .tooLarge:
            "the request is larger than the job queue carries, though gateway.maximum_body allows it; send less in one"
        case .unauthorized: "the job queue refuses this gateway; its operator has to act"
        case .misconfigured: "the job queue is set up in a way that could lose jobs; its operator has to act"
        case .malformed: "the job queue holds something that this gateway does not understand; its operator has to act"
        }
    }
}

import Jobs

/// What an asynchronous submit came to.
struct AcceptedJob: Sendable {
    let ticket: JobTicket
    /// Of a job that was submitted before under the same key: where it is now.
    let state: JobState
    /// From now until its outcome, for a job that was submitted just now and where it can be known.
    var expectedWait: Duration?
}

import Time

/// The work of one model at the moment of a decision, in plain numbers.
struct ModelWork {
    /// Place in the observation; `nil`: not seen.
    var place: Int?
    /// Jobs.
    var waiting = 0.0
    var inFlight = 0.0
    var due = 0.0
    var rowsPerJob = 1.0
    /// By the higher average.
    var jobsPerSecond = 0.0
    /// The likeliest rate.
    var likelyRate = 0.0
    /// The rate that has lasted.
    var lastingRate = 0.0
    var arrived = 0
    /// Rows of a full batch.
    var batchRows = 1.0
    /// Seconds that the oldest waiting job has waited.
    var oldest = 0.0
    var oldestWait: Duration?
    /// Seconds from submit to result that the tightest class has; infinite: no deadline.
    var deadline = Double.infinity

    var hasWork: Bool { waiting + inFlight + due > 0 || arrived > 0 }
    var queuedRows: Double { (waiting + due) * rowsPerJob }

    /// What remains of a deadline when a tenth for chance, a batch and two looks of the scaler are taken off.
    ///
    /// - Example: 30 s with batches of 20 ms: 26.48 s.
    static func effective(_ deadline: Double, batchSeconds: Double) -> Double {
        max(deadline * 0.9 - batchSeconds - 0.5, 0)
    }
}

import Synchronization
package import Time

/// Lets the first submit after a pause wake the scaler at once, and under steady traffic at most ten a second: there the
/// interval would come soon, and each look costs a round trip.
package final class SubmissionGate: Sendable {
    private static let pause = Duration.milliseconds(100)
    private let lastLook = Mutex<(at: Timestamp, isMoving: Bool)?>(nil)

    package init() {}

    package func noteLook(at now: Timestamp, isMoving: Bool) { lastLook.withLock { $0 = (now, isMoving) } }

    package func admits(at now: Timestamp) -> Bool {
        lastLook.withLock { look in
            guard let look, look.isMoving else { return true }
            return now - look.at >= Self.pause || now < look.at
        }
    }
}

package import Jobs
package import Time

/// When a model that a worker does not serve is tried again.
///
/// | it | is tried | or at once, when |
/// |---|---|---|
/// | failed with an error | when the time noted with the fault is near (`ServingFault.slack`) | its files changed, or somebody took the fault off the board |
/// | was left out, since workers died with it | never of its own accord, and only by one worker at a time | the same |
///
/// What is left out stays noted for as long as a worker is there that left it out.
package struct FaultWatch: Sendable {
    package enum Step: Sendable, Equatable {
        case wait
        case tryAgain
        /// Try it if no other worker does. `refused` or `learned` follows where that is not so.
        case askForTurn
        /// Note the fault anew, so that it does not end while it is left out.
        case refresh
    }

    package private(set) var fault: ServingFault
    /// Of a model that is only suspected a new worker decides, alone.
    private var isProven: Bool
    /// Whether the fault was ever seen on the board: one that never was there was not taken off.
    private var wasOnBoard: Bool
    private var refreshed: Timestamp

    package init(after fault: ServingFault, isOnBoard: Bool, at now: Timestamp) {
        self.fault = fault
        isProven = fault.until > now
        wasOnBoard = isOnBoard
        refreshed = now
    }

    /// - Parameters:
    ///   - stamp: of the model's files by now.
    ///   - isOnBoard: whether the fault is noted; `nil`: it could not be asked.
    package mutating func look(stamp: String, isOnBoard: Bool?, at now: Timestamp) -> Step {
        let isDue =
            stamp != fault.stamp || wasOnBoard && isOnBoard == false
            || fault.kind == .load && now >= fault.until - ServingFault.slack
        wasOnBoard = wasOnBoard || isOnBoard == true
        if isDue { return fault.kind == .deaths ? .askForTurn : .tryAgain }
        guard fault.kind == .deaths, isProven, now - refreshed > LoadPlan.leftOutFor / 2 else { return .wait }
        refreshed = now
        return .refresh
    }

    /// Workers died with these very files too.
    package mutating func learned(_ known: ServingFault, at now: Timestamp) {
        fault = known
        isProven = known.until > now
        wasOnBoard = true
    }
}

/// What the scaler aims at.
package struct ScalerSettings: Sendable, Equatable {
    /// Time between observations while anything moves; a submit on an idle pool does not wait for it. Default 250 ms.
    package var interval: Duration
    /// The wait that the policy tries to keep jobs without a deadline below. Default 1 s.
    package var targetWait: Duration
    /// Idle time before a worker is drained; `nil`: tied to the measured start-up time.
    package var scaleInWindow: Duration?
    /// Share of a worker's time that is planned to be busy, above 0 to 1; the rest absorbs bursts.
    /// Default 0.8.
    package var targetUtilization: Double

    package init(
        interval: Duration = .milliseconds(250),
        targetWait: Duration = .seconds(1),
        scaleInWindow: Duration? = nil,
        targetUtilization: Double = 0.8
    ) {
        self.interval = interval
        self.targetWait = targetWait
        self.scaleInWindow = scaleInWindow
        self.targetUtilization = targetUtilization
    }
}

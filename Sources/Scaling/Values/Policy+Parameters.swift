/// What Spate's own algorithm can be told. A cluster file has these in `scaler`, beside what no algorithm decides.
extension Policy: Parameterized {
    package static let standard = Policy(models: [], pools: [])

    package static let parameters: [Parameter<Policy>] = clusterFile + simulated

    /// Those that a cluster file takes.
    package static let clusterFile: [Parameter<Policy>] = [
        Parameter(
            "target_wait", \.targetWait, in: .milliseconds(1) ... .seconds(3_600),
            "The wait below which jobs without a deadline are kept; shorter starts more workers in a burst."),
        Parameter(
            "scale_in_window", \.scaleInWindow, in: .span, absent: "three slow start-ups, at least 10s",
            "How long fewer workers must have been enough before one is drained."),
        Parameter(
            "target_utilization", \.targetUtilization, in: 0.05...1,
            "Share of a worker's time that is planned to be busy; nearer to 1 is cheaper and takes up fewer bursts."),
        Parameter(
            "budget_per_hour", \.budgetPerHour, in: 0...1e9, unit: "money", absent: "no bound",
            "What all workers together may cost in an hour, whichever algorithm decides."),
    ]

    /// Those that only a simulation takes.
    package static let simulated: [Parameter<Policy>] = [
        Parameter(
            "fast_rate", \.fastRate, in: .period, "Time constant of the faster mean of the arrival rate."),
        Parameter(
            "slow_rate", \.slowRate, in: .period, "Time constant of the slower one; the higher of the two counts."),
    ]
}

package import Scaling

/// What the scaler aims at, and who decides. All of it can be changed while the scaler runs.
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
    /// Who decides, with its parameters. Default `spate`; `oracle` cannot be set, it exists in simulations.
    package var algorithm: Algorithm
    /// Money per hour, over all pools, that is never exceeded; `nil`: no bound. Default `nil`.
    package var budgetPerHour: Double?
    /// What is done while the queue cannot be read. Default `hold`.
    package var fallback: Fallback
    /// Decide and record, and act in no pool. Default false.
    package var isPaused: Bool
    /// Calls that are known to come; only raises what is wanted. Default none.
    package var calendar: [DeclaredEvent]
    package var forecast: ForecastSettings
    /// Where KEDA's external scaler is served; `nil`: nowhere. Read at the start only.
    package var keda: Keda?

    /// See docs/keda.md.
    package struct Keda: Sendable, Equatable {
        package var host: String
        package var port: Int
        /// PEM files, both or neither: without them HTTP/2 in plain text.
        package var certificate: String?
        package var key: String?
        /// PEM file of the authority of clients; `nil`: clients need no certificate.
        package var clientAuthority: String?

        package init(
            host: String = "0.0.0.0", port: Int = 8003, certificate: String? = nil, key: String? = nil,
            clientAuthority: String? = nil
        ) {
            self.host = host
            self.port = port
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
        }
    }

    /// The count of workers while the data is missing or old. Never fewer than there are.
    package enum Fallback: Sendable, Equatable {
        /// As many as before.
        case hold
        /// At least so many in each pool, within its maximum.
        case workers(Int)
    }

    package init(
        interval: Duration = .milliseconds(250),
        targetWait: Duration = .seconds(1),
        scaleInWindow: Duration? = nil,
        targetUtilization: Double = 0.8,
        algorithm: Algorithm = .spate,
        budgetPerHour: Double? = nil,
        fallback: Fallback = .hold,
        isPaused: Bool = false,
        calendar: [DeclaredEvent] = [],
        forecast: ForecastSettings = ForecastSettings(),
        keda: Keda? = nil
    ) {
        self.interval = interval
        self.targetWait = targetWait
        self.scaleInWindow = scaleInWindow
        self.targetUtilization = targetUtilization
        self.algorithm = algorithm
        self.budgetPerHour = budgetPerHour
        self.fallback = fallback
        self.isPaused = isPaused
        self.calendar = calendar
        self.forecast = forecast
        self.keda = keda
    }
}

package import Settings
package import Time

extension WorkerService {
    /// Who the worker is and what bounds it.
    package struct Configuration: Sendable {
        /// Unique per boot, never reused.
        package var id: String
        package var pool: PoolSettings
        /// Those whose `pools` name the pool are served, the others ignored.
        package var models: [ModelSettings]
        /// When the process began, in cluster time: start-up time counts from here.
        package var launched: Timestamp
        /// How long one take waits for the first job. Default 1 s. A drain waits as long for the last take.
        package var patience: Duration
        /// Outcomes that may wait to be written before the worker stops taking. Default 4,096.
        package var maximumUnsettled: Int
        /// Bytes of outcomes that may wait to be written before the worker stops taking. Default 256 MiB.
        package var maximumUnsettledBytes: Int
        /// Bytes of inputs that the worker may hold, over all its models, before it stops taking; a model that holds
        /// nothing may always take one job. Default 512 MiB.
        package var maximumHeldBytes: Int
        /// How long loading and warming a model may take at least before it counts as failed, where its file does not
        /// say. Default 15 minutes.
        package var loadingBound: Duration
        /// A run that takes longer than this and than twenty times its 99th percentile has hung, where the model's file
        /// does not say: the worker ends. Default 10 minutes.
        package var hungRunBound: Duration
        /// How long the last writes may take when the worker is cut short or its drain time-out is over. Default 2 s.
        package var lastWrites: Duration

        package init(
            id: String, pool: PoolSettings, models: [ModelSettings], launched: Timestamp,
            patience: Duration = .seconds(1), maximumUnsettled: Int = 4_096,
            maximumUnsettledBytes: Int = 256 << 20, maximumHeldBytes: Int = 512 << 20,
            loadingBound: Duration = .seconds(900), hungRunBound: Duration = .seconds(600),
            lastWrites: Duration = .seconds(2)
        ) {
            self.id = id
            self.pool = pool
            self.models = models
            self.launched = launched
            self.patience = patience
            self.maximumUnsettled = maximumUnsettled
            self.maximumUnsettledBytes = maximumUnsettledBytes
            self.maximumHeldBytes = maximumHeldBytes
            self.loadingBound = loadingBound
            self.hungRunBound = hungRunBound
            self.lastWrites = lastWrites
        }
    }
}

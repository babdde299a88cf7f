/// What one pool has to do.
///
/// Work whose deadline leaves time for a start is patient: it may queue up, and workers are started just in time.
/// Everything else is urgent: arrivals must find workers there.
struct PoolDemand {
    /// Jobs.
    var waiting = 0.0
    var inFlight = 0.0
    var due = 0.0
    /// A worker's seconds for what waits and is due.
    var work = 0.0
    /// A worker's seconds for what is in workers' hands already; new workers cannot take it over.
    var inFlightWork = 0.0
    /// Jobs per second.
    var arrivalRate = 0.0
    /// Offered load: workers kept busy by the arrivals alone.
    var load = 0.0
    var oldestWait: Duration?
    /// Something waits, runs, is due or just arrived.
    var hasWork = false

    /// The part of `work` and `load` that is urgent.
    var urgentWork = 0.0
    var urgentLoad = 0.0
    /// Seconds of a full batch, weighted by urgent load.
    var weightedBatchSeconds = 0.0
    /// Seconds that urgent work may wait: the shortest of its models.
    var urgentWait = Double.infinity
    /// Share of a worker's time that urgent load is planned to fill.
    var urgentUtilization = 1.0

    /// Whether urgent work waits that has a deadline.
    var isUrgentDue = false

    /// Whether patient models were given to the pool.
    var isPatient = false
    /// Patient work that must be done by each of the pool's horizons.
    var dueBy: [Double] = []
    /// Load of the patient models, by the likeliest rate.
    var patientLoad = 0.0
    /// Seconds from now when the last patient job that waits is due.
    var lastDue = 0.0

    /// Load of models whose deadline another pool keeps, which this pool would carry for less money in the long run.
    var baseLoad = 0.0
    /// Share of a worker from which one more is cheaper here than elsewhere.
    var baseThreshold = 0.0

    /// Load that spilled from a pool that is full, of models whose deadline starts here cannot keep.
    var spilledLoad = 0.0

    /// Workers that expected arrivals will need, by source.
    var expected: [ExpectedLoad] = []
    /// Arrivals are expected within two start-up times.
    var expectedSoon: ExpectedArrivals.Source?

    /// Seconds that an urgent arrival waits at most for the batch before it.
    var batchSeconds: Double { urgentLoad > 0 ? weightedBatchSeconds / urgentLoad : 0 }

    /// What came before is no reason any more to expect more.
    mutating func forgetRates() {
        load = 0
        urgentLoad = 0
        baseLoad = 0
        spilledLoad = 0
    }

    /// Exact.
    var forecastWorkers: Double { expected.reduce(0) { $1.source == .forecast ? max($0, $1.workers) : $0 } }
    var declaredWorkers: Double { expected.reduce(0) { $1.source == .forecast ? $0 : $0 + $1.workers } }
    var declaredEvents: [String] {
        expected.compactMap { if case .event(let name) = $0.source { name } else { nil } }
    }

    /// Sums up by source; of one model's spans the highest counts.
    mutating func add(_ workers: Double, of source: ExpectedArrivals.Source, model: Int) {
        guard let known = expected.firstIndex(where: { $0.source == source }) else {
            expected.append(ExpectedLoad(source: source, workers: workers, model: model, ofModel: workers))
            return
        }
        if expected[known].model != model {
            expected[known].model = model
            expected[known].ofModel = 0
        }
        let more = max(workers - expected[known].ofModel, 0)
        expected[known].ofModel += more
        expected[known].workers += more
    }
}

/// Workers that a forecast or an event asks for.
struct ExpectedLoad {
    var source: ExpectedArrivals.Source
    /// Exact.
    var workers: Double
    /// The model that was added last, and its part.
    var model: Int
    var ofModel: Double
}

package import Time

/// The queue of one model version.
package struct ModelObservation: Sendable, Equatable, Codable {
    package var name: String
    package var waiting: Int
    /// Jobs in workers' hands.
    package var inFlight: Int
    /// Jobs that become takable later (retries with back-off).
    package var due: Int
    /// Jobs ever submitted; differences over time give the arrival rate.
    package var submitted: Int
    /// How long the oldest waiting job has waited.
    package var oldestWait: Duration?
    /// Measured; `nil`: one row a job is assumed.
    package var rowsPerJob: Double?
    /// `waiting` by priority class. Empty: all in one class, with the model's own deadline.
    package var classes: [ClassBacklog]
    /// What a forecast or the calendar expects. Only raises.
    package var expected: [ExpectedArrivals]
    /// Deadlines that the waiting jobs carry themselves, soonest first. Empty: the policy's deadlines count.
    package var soonestDeadlines: [DeadlineBucket]
    /// Pools whose workers cannot serve it, however many there are: nothing is started there for it. `nil`: none.
    package var unservable: [String]?

    package init(
        name: String, waiting: Int = 0, inFlight: Int = 0, due: Int = 0, submitted: Int = 0,
        oldestWait: Duration? = nil, rowsPerJob: Double? = nil, classes: [ClassBacklog] = [],
        expected: [ExpectedArrivals] = [], soonestDeadlines: [DeadlineBucket] = [],
        unservable: [String]? = nil
    ) {
        self.name = name
        self.waiting = waiting
        self.inFlight = inFlight
        self.due = due
        self.submitted = submitted
        self.oldestWait = oldestWait
        self.rowsPerJob = rowsPerJob
        self.classes = classes
        self.expected = expected
        self.soonestDeadlines = soonestDeadlines
        self.unservable = unservable
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        waiting = try values.decode(Int.self, forKey: .waiting)
        inFlight = try values.decode(Int.self, forKey: .inFlight)
        due = try values.decode(Int.self, forKey: .due)
        submitted = try values.decode(Int.self, forKey: .submitted)
        oldestWait = try values.decodeIfPresent(Duration.self, forKey: .oldestWait)
        rowsPerJob = try values.decodeIfPresent(Double.self, forKey: .rowsPerJob)
        classes = try values.decodeIfPresent([ClassBacklog].self, forKey: .classes) ?? []
        expected = try values.decodeIfPresent([ExpectedArrivals].self, forKey: .expected) ?? []
        soonestDeadlines = try values.decodeIfPresent([DeadlineBucket].self, forKey: .soonestDeadlines) ?? []
        unservable = try values.decodeIfPresent([String].self, forKey: .unservable)
    }
}

/// The waiting jobs of one priority class.
package struct ClassBacklog: Sendable, Equatable, Codable {
    package var name: JobClass
    package var waiting: Int
    /// How long the oldest of them has waited.
    package var oldestWait: Duration?

    package init(name: JobClass, waiting: Int, oldestWait: Duration? = nil) {
        self.name = name
        self.waiting = waiting
        self.oldestWait = oldestWait
    }
}

/// Waiting jobs that must be done `within` that time from the observation; those of an earlier bucket not counted again.
package struct DeadlineBucket: Sendable, Equatable, Codable {
    /// Zero or below: already late.
    package var within: Duration
    package var jobs: Int

    package init(within: Duration, jobs: Int) {
        self.within = within
        self.jobs = jobs
    }
}

/// A rate that is expected for a span of time.
package struct ExpectedArrivals: Sendable, Equatable, Codable {
    package enum Source: Sendable, Equatable {
        /// Learned from recorded arrivals.
        case forecast
        /// Declared in the calendar, by name.
        case event(String)
    }
    package var source: Source
    package var starts: Timestamp
    /// Not included.
    package var ends: Timestamp
    package var jobsPerSecond: Double

    package init(source: Source, starts: Timestamp, ends: Timestamp, jobsPerSecond: Double) {
        self.source = source
        self.starts = starts
        self.ends = ends
        self.jobsPerSecond = jobsPerSecond
    }
}

/// `"forecast"` or `"event:NAME"`.
extension ExpectedArrivals.Source: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = text.hasPrefix("event:") ? .event(String(text.dropFirst(6))) : .forecast
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .forecast: try container.encode("forecast")
        case .event(let name): try container.encode("event:" + name)
        }
    }
}

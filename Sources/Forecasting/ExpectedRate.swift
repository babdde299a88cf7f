package import Time

/// A rate of arrivals that is expected for a span of time, and who expects it. It only ever raises what is wanted.
package struct ExpectedRate: Sendable, Equatable, Codable {
    package enum Source: Sendable, Hashable, Codable {
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

extension ArrivalProfile {
    /// The load that gave the project its name: 100 calls in the minute of 8:00, 10,000 in the minute of 8:30, and
    /// down to 100 per minute by 9:00. 303,000 calls in an hour.
    ///
    /// ```
    /// calls/min
    /// 10,000 |              ▁█▁
    ///  7,500 |           ▂▅█████▅▂
    ///  5,000 |        ▂▅███████████▅▂
    ///  2,500 |     ▂▅█████████████████▅▂
    ///    100 |▁▁▂▅███████████████████████▅▂▁▁
    ///        +------------------------------
    ///         8:00          8:30         9:00
    /// ```
    package static func morningPeak() throws(ArrivalProfileError) -> ArrivalProfile {
        try ArrivalProfile(points: [
            Point(at: .seconds(8 * 3600), callsPerMinute: 100),
            Point(at: .seconds(8 * 3600 + 60), callsPerMinute: 100),
            Point(at: .seconds(8 * 3600 + 30 * 60), callsPerMinute: 10_000),
            Point(at: .seconds(8 * 3600 + 31 * 60), callsPerMinute: 10_000),
            Point(at: .seconds(9 * 3600), callsPerMinute: 100),
        ])
    }
}

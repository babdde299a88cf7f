/// The moments ahead at which a pool's work and capacity are compared, in seconds from now.
///
/// Dense just behind the time that a start takes, because that is where a decision can still change something; then
/// wider, to a quarter of an hour. The last horizons before a start helps say what is late already.
///
/// | start-up 10 s | |
/// |---|---|
/// | too late for a start | 1, 2, 5, 10 (scaled: a tenth, a fifth, a half, all of it) |
/// | in time | 11, 12, 13, … 20, 22, … 30, 33, … 60, … 1010 |
struct Horizons {
    /// Horizons at which a new worker cannot help yet.
    static let late = 4
    private static let ahead: [Double] = [
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 23, 26, 30, 35, 40, 50, 65, 90, 130, 200, 350, 600, 1_000,
    ]
    static let count = late + ahead.count

    /// Rising.
    let seconds: [Double]

    init(plannedStart: Double) {
        var seconds: [Double] = []
        seconds.reserveCapacity(Self.count)
        for share in [0.1, 0.2, 0.5, 1] { seconds.append(plannedStart * share) }
        for more in Self.ahead { seconds.append(plannedStart + more) }
        self.seconds = seconds
    }

    var last: Double { seconds[seconds.count - 1] }
}

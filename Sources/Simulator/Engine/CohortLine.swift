/// Jobs of one lane in order of arrival, as cohorts.
struct CohortLine: Sendable {
    struct Segment: Sendable {
        var arrival: Int64
        var count: Int
    }

    private var segments: [Segment] = []
    private var head = 0
    private(set) var count = 0

    var first: Segment? { head < segments.count ? segments[head] : nil }

    mutating func append(_ count: Int, arrival: Int64) {
        self.count += count
        if let last = segments.indices.last, last >= head, segments[last].arrival == arrival {
            segments[last].count += count
        } else {
            segments.append(Segment(arrival: arrival, count: count))
        }
    }

    /// Takes up to `limit` jobs from the front.
    mutating func take(_ limit: Int, into taken: (Segment) -> Void) -> Int {
        var left = min(limit, count)
        let all = left
        count -= left
        while left > 0 {
            let share = min(left, segments[head].count)
            taken(Segment(arrival: segments[head].arrival, count: share))
            segments[head].count -= share
            left -= share
            if segments[head].count == 0 { head += 1 }
        }
        if head > 1_024, head * 2 > segments.count {
            segments.removeFirst(head)
            head = 0
        }
        return all
    }

    /// Drops what arrived before `limit`.
    mutating func drop(before limit: Int64) -> Int {
        var dropped = 0
        while head < segments.count, segments[head].arrival < limit {
            dropped += segments[head].count
            head += 1
        }
        count -= dropped
        return dropped
    }
}

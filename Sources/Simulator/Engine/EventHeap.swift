/// A binary heap of events in order of time, then of insertion, so that equal times come in a known order.
struct EventHeap<Payload: Sendable>: Sendable {
    struct Event: Sendable {
        var at: Int64
        var sequence: UInt64
        var payload: Payload

        func isBefore(_ other: Event) -> Bool { at != other.at ? at < other.at : sequence < other.sequence }
    }

    private(set) var events: [Event] = []
    private var sequence: UInt64 = 0

    var next: Int64? { events.first?.at }
    var count: Int { events.count }

    mutating func push(_ payload: Payload, at time: Int64) {
        sequence += 1
        let event = Event(at: time, sequence: sequence, payload: payload)
        events.append(event)
        var index = events.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard event.isBefore(events[parent]) else { break }
            events[index] = events[parent]
            index = parent
        }
        events[index] = event
    }

    mutating func pop() -> Event? {
        guard let first = events.first, let last = events.popLast() else { return nil }
        guard !events.isEmpty else { return first }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < events.count else { break }
            if child + 1 < events.count, events[child + 1].isBefore(events[child]) { child += 1 }
            guard events[child].isBefore(last) else { break }
            events[index] = events[child]
            index = child
        }
        events[index] = last
        return first
    }

    /// Changes payloads in place; their times stay.
    mutating func update(_ change: (inout Payload) -> Void) {
        for index in events.indices { change(&events[index].payload) }
    }
}

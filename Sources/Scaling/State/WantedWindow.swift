import Time

/// The highest count wanted within a window of time, from at most 17 slots.
///
/// A slot is a sixteenth of the window, so a count is held for the window and at most one slot longer.
struct WantedWindow: Sendable, Equatable, Codable {
    private struct Slot: Sendable, Equatable, Codable {
        var number: Int64
        var highest: Int
    }
    private var slots: [Slot] = []
    private var slotLength: Int64 = 1

    /// Records `count` at `now`, forgets what is older than `window`, and returns the highest of the rest.
    mutating func highest(adding count: Int, at now: Timestamp, window: Duration) -> Int {
        let length = max(window.wholeMicroseconds / 16, 1)
        if length != slotLength {
            // Another window: what was wanted stays, as of now.
            let highest = slots.map(\.highest).max()
            slotLength = length
            slots = highest.map { [Slot(number: now.microseconds / length, highest: $0)] } ?? []
        }
        let number = now.microseconds / length
        slots.removeAll { $0.number < number - 16 }
        if let last = slots.indices.last, slots[last].number >= number {
            slots[last].highest = max(slots[last].highest, count)
        } else {
            slots.append(Slot(number: number, highest: count))
        }
        return slots.reduce(count) { max($0, $1.highest) }
    }

    /// When the newest slot that holds more than `count` falls out of the window.
    func remaining(above count: Int, at now: Timestamp) -> Duration? {
        guard let slot = slots.last(where: { $0.highest > count }) else { return nil }
        return max(Timestamp(microseconds: (slot.number + 17) * slotLength) - now, .zero)
    }

    mutating func clear() { slots.removeAll() }
}

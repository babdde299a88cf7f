package import Time

/// Due times of numbered entries: to file one, to remove one and to find the next costs the same however many there are.
///
/// Two rings of 1,024 slots: the first of 25 ms each (25.6 s), the second of 25.6 s each (7.3 h), whose entries move into the first
/// when their time comes near. What is due later waits in the last slot and is filed anew. An entry is due at most 25 ms late and
/// never early.
///
/// - Source: G. Varghese, T. Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), scheme 7.
package struct DueWheel: Sendable {
    private struct Entry {
        var due: Int64 = 0
        /// Where it is filed: below 1,024 in the first ring, else in the second.
        var slot: Int?
        var next: Int?
        var previous: Int?
    }

    private static let tickMicroseconds: Int64 = 25_000
    private static let bits: Int64 = 10
    private static let size: Int64 = 1 << bits

    private var entries: [Entry] = []
    /// The first entry of each slot, of both rings.
    private var heads: [Int?] = Array(repeating: nil, count: Int(2 * size))
    private var near = SlotSet()
    private var far = SlotSet()
    /// All up to this tick has been turned.
    private var turned: Int64

    package private(set) var count = 0

    package init(at now: Timestamp = .zero) { turned = Self.tick(now) }

    /// - Parameter number: from 0; of an entry that is not filed.
    package mutating func file(_ number: Int, due: Timestamp) {
        while entries.count <= number { entries.append(Entry()) }
        entries[number].due = Self.tick(due) + 1
        link(number)
        count += 1
    }

    /// Nothing, where it is not filed.
    package mutating func remove(_ number: Int) {
        guard entries.indices.contains(number), entries[number].slot != nil else { return }
        unlink(number)
        count -= 1
    }

    /// When to turn next; `nil` while nothing is filed.
    package var next: Timestamp? { nextTick.map { Timestamp(microseconds: $0 * Self.tickMicroseconds) } }

    /// Takes out what is due at `now`, in the order of its due times.
    package mutating func turn(to now: Timestamp) -> [Int] {
        var due: [Int] = []
        let end = Self.tick(now)
        while let tick = nextTick, tick <= end {
            turned = tick - 1
            if tick & (Self.size - 1) == 0 { cascade(Self.farSlot(tick)) }
            while let number = heads[Self.nearSlot(tick)] {
                remove(number)
                due.append(number)
            }
            turned = tick
        }
        turned = Swift.max(turned, end)
        return due
    }

    private var nextTick: Int64? {
        guard count > 0 else { return nil }
        let nearest = near.next(after: Self.nearSlot(turned)).map { turned + Int64($0) }
        let block = turned >> Self.bits
        let farthest = far.next(after: Int(block & (Self.size - 1))).map { (block + Int64($0)) << Self.bits }
        guard let nearest, let farthest else { return nearest ?? farthest }
        return min(nearest, farthest)
    }

    private mutating func cascade(_ slot: Int) {
        var next = heads[slot]
        while let number = next {
            next = entries[number].next
            unlink(number)
            link(number)
        }
    }

    private mutating func link(_ number: Int) {
        let due = max(entries[number].due, turned + 1)
        let slot: Int
        if due - turned <= Self.size {
            slot = Self.nearSlot(due)
            near.insert(slot)
        } else {
            let block = min(due >> Self.bits, (turned >> Self.bits) + Self.size - 1)
            slot = Self.farSlot(block << Self.bits)
            far.insert(slot - Int(Self.size))
        }
        let head = heads[slot]
        if let head { entries[head].previous = number }
        entries[number].slot = slot
        entries[number].next = head
        entries[number].previous = nil
        heads[slot] = number
    }

    private mutating func unlink(_ number: Int) {
        let entry = entries[number]
        guard let slot = entry.slot else { return }
        if let next = entry.next { entries[next].previous = entry.previous }
        if let previous = entry.previous { entries[previous].next = entry.next } else { heads[slot] = entry.next }
        if heads[slot] == nil {
            if slot < Int(Self.size) { near.remove(slot) } else { far.remove(slot - Int(Self.size)) }
        }
        entries[number].slot = nil
    }

    private static func tick(_ time: Timestamp) -> Int64 { max(time.microseconds, 0) / tickMicroseconds }
    private static func nearSlot(_ tick: Int64) -> Int { Int(tick & (size - 1)) }
    private static func farSlot(_ tick: Int64) -> Int { Int(size + (tick >> bits) & (size - 1)) }
}

/// Which of 1,024 slots, in a ring, hold something.
private struct SlotSet: Sendable {
    private var words: [UInt64] = Array(repeating: 0, count: 16)

    mutating func insert(_ slot: Int) { words[slot >> 6] |= 1 << UInt64(slot & 63) }
    mutating func remove(_ slot: Int) { words[slot >> 6] &= ~(1 << UInt64(slot & 63)) }

    /// How many slots after `slot` the next one is that holds something: 1 to 1,024.
    func next(after slot: Int) -> Int? {
        let start = (slot + 1) & 1_023
        for index in 0...16 {
            let word = (start >> 6 + index) & 15
            var bits = words[word]
            if index == 0 { bits &= ~0 << UInt64(start & 63) }
            // The word of the start comes again at the end, for what is before the start.
            if index == 16 { bits &= ~(~0 << UInt64(start & 63)) }
            if bits != 0 { return (word << 6 + bits.trailingZeroBitCount - start) & 1_023 + 1 }
        }
        return nil
    }
}

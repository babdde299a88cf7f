/// In which order a take reads the priority classes.
///
/// One command that reads all lanes gives each lane the whole count: under load every class would get the same share.
/// So once jobs of several classes came together, lanes are read class by class, higher classes first and each with the
/// room that is left. So that the lowest class does not wait for ever, every eighth take begins with the lower classes,
/// for an eighth of its room.
package struct ClassTurns: Sendable, Equatable {
    /// Every so many takes lower classes come first, and for this part of the room.
    package static let share = 8
    /// Takes with one class at most, after which all lanes are read with one command again.
    private static let memory = 8

    private var turn = 0
    private var since = Self.memory

    package init() {}

    /// Jobs of several classes came not long ago.
    package var readsByClass: Bool { since < Self.memory }

    /// What to read one after the other, and how much of it at the most.
    package mutating func next(limit: Int) -> [(priority: PriorityClass, count: Int)] {
        turn = (turn + 1) % Self.share
        let order = PriorityClass.allCases.map { (priority: $0, count: limit) }
        guard turn == 0 else { return order }
        let part = max(limit / Self.share, 1)
        return order.dropFirst().reversed().map { ($0.priority, part) } + order
    }

    /// - Parameter found: the classes of which jobs came.
    package mutating func note(_ found: Set<PriorityClass>) {
        since = found.count > 1 ? 0 : min(since + 1, Self.memory)
    }
}

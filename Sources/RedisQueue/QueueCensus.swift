import Jobs
import RedisClient
import Time

/// The sizes of one queue, read by one script.
enum QueueCensus {
    enum Scope: String {
        /// The depth; the rest of the snapshot is empty.
        case depth
        case all
    }

    static func call(for queue: QueueName, _ keys: Keys, _ scope: Scope = .all) -> ScriptCall {
        let lanes = PriorityClass.allCases.map { keys.lane(queue, $0) }
        return RedisScript.snapshot.call(keys: lanes + [keys.again(queue), keys.due(queue)])
            .with(Keys.group, Keys.returned, scope.rawValue)
    }

    /// A queue that has no keys is empty.
    static func read(_ reply: RedisValue, of queue: QueueName) throws(QueueError) -> QueueSnapshot {
        let numbers = reply.array?.compactMap(\.integer) ?? []
        let classes = PriorityClass.allCases
        guard numbers.count == 6 + 2 * classes.count else {
            throw QueueError.unexpected(reply, "reading the depth of \(queue)")
        }
        let (entries, pending, givenBack, due) = (numbers[0], numbers[1], numbers[2], numbers[3])
        let depth = QueueDepth(
            waiting: max(0, entries - pending + givenBack - due), inFlight: max(0, pending - givenBack), due: due)
        let oldest =
            numbers[5] < 0 || depth.waiting == 0 ? nil : Timestamp(microseconds: Int64(clamping: numbers[5]) &* 1_000)
        // Which class the jobs belong to that are due later is not counted: the largest gives them up.
        var free = classes.indices.map { max(0, numbers[6 + 2 * $0]) }
        if let largest = free.indices.max(by: { free[$0] < free[$1] }) { free[largest] = max(0, free[largest] - due) }
        let waiting = zip(classes, free).enumerated().compactMap { index, pair -> ClassDepth? in
            guard pair.1 > 0 else { return nil }
            let oldest = numbers[7 + 2 * index]
            return ClassDepth(
                priority: pair.0, waiting: pair.1,
                oldestWaiting: oldest < 0 ? nil : Timestamp(microseconds: Int64(clamping: oldest) &* 1_000))
        }
        return QueueSnapshot(
            depth: depth, submitted: numbers[4], oldestWaiting: oldest, classes: depth.waiting > 0 ? waiting : [])
    }
}

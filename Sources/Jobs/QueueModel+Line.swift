import Time

extension QueueModel {
    /// Jobs in order of arrival. Removal marks a job; it leaves when it comes to the front.
    struct Line: Sendable {
        /// Jobs of the lane that are not settled, wherever they are.
        var entries = 0
        private(set) var count = 0
        private var ids: [JobID?] = []
        private var positions: [JobID: Int] = [:]
        private var first = 0
        private var last = EntryID(milliseconds: 0, sequence: 0)

        /// Whether a job was ever in this line.
        var hasEntries: Bool { last.milliseconds > 0 || last.sequence > 0 }

        var front: JobID? { ids[first...].lazy.compactMap { $0 }.first }

        /// The id that a stream would give to its next entry: never smaller than the one before.
        mutating func nextEntry(now: Timestamp) -> EntryID {
            let milliseconds = UInt64(clamping: now.milliseconds)
            last =
                milliseconds > last.milliseconds
                ? EntryID(milliseconds: milliseconds, sequence: 0)
                : EntryID(milliseconds: last.milliseconds, sequence: last.sequence + 1)
            entries += 1
            return last
        }

        mutating func append(_ id: JobID) {
            positions[id] = ids.count
            ids.append(id)
            count += 1
        }

        mutating func remove(_ id: JobID) {
            guard let position = positions.removeValue(forKey: id) else { return }
            ids[position] = nil
            count -= 1
        }

        mutating func takeFirst(_ limit: Int) -> [JobID] {
            var taken: [JobID] = []
            while taken.count < limit, first < ids.count {
                if let id = ids[first] {
                    taken.append(id)
                    positions[id] = nil
                }
                first += 1
            }
            count -= taken.count
            compact()
            return taken
        }

        private mutating func compact() {
            guard first > 64, first * 2 > ids.count else { return }
            ids.removeFirst(first)
            for (position, id) in ids.enumerated() {
                if let id { positions[id] = position }
            }
            first = 0
        }
    }
}

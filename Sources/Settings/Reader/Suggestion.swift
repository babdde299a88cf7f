/// Finds what somebody probably meant to write.
package enum Suggestion {
    /// The candidate nearest to `word`, if it is near enough to be a slip: at most one edit in three characters.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        let best = candidates.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
        guard let (candidate, edits) = best, edits > 0, edits <= max(1, candidate.count / 3) else { return nil }
        return candidate
    }

    /// The number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
    /// (optimal string alignment). O(|a|·|b|).
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in 1...a.count {
            var current = [i]
            for j in 1...b.count {
                var edits = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    edits = min(edits, beforePrevious[j - 2] + 1)
                }
                current.append(edits)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[b.count]
    }
}

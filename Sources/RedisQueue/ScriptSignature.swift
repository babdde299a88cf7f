/// How many keys and arguments a script takes, read from its header: `KEYS[1] lane`, `KEYS[2..4] lanes`, `ARGV[3..] entries`.
struct ScriptSignature: Sendable, Hashable {
    /// The numbers of one list.
    struct Count: Sendable, Hashable {
        /// The greatest number in the header; of the last one that is open, those before it.
        var least = 0
        /// Whether any number may follow.
        var isOpen = false

        func allows(_ count: Int) -> Bool { isOpen ? count >= least : count == least }
    }

    var keys: Count
    var arguments: Count

    /// - Parameter source: the lines of the header begin with two hyphens.
    init(source: String) {
        let header = source.split(separator: "\n").prefix { $0.hasPrefix("--") }
        keys = Self.count("KEYS[", in: header)
        arguments = Self.count("ARGV[", in: header)
    }

    private static func count(_ word: String, in header: some Sequence<Substring>) -> Count {
        var count = Count()
        for line in header {
            for part in line.split(separator: word, omittingEmptySubsequences: false).dropFirst() {
                let digits = part.prefix { $0.isNumber }
                let rest = part.dropFirst(digits.count)
                guard let first = Int(digits) else { continue }
                if rest.hasPrefix("]") {
                    count.least = max(count.least, first)
                } else if rest.hasPrefix("..]") {
                    count.least = max(count.least, first - 1)
                    count.isOpen = true
                } else if rest.hasPrefix(".."), let last = Int(rest.dropFirst(2).prefix { $0.isNumber }) {
                    count.least = max(count.least, last)
                }
            }
        }
        return count
    }
}

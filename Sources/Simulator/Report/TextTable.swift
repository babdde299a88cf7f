/// Columns of text.
struct TextTable {
    var head: [String]
    var rows: [[String]] = []
    /// Columns that are not flush right.
    var left: Set<Int> = [0]

    func lines(indent: String = "  ") -> [String] {
        let all = [head] + rows
        let widths = head.indices.map { column in
            all.reduce(0) { max($0, column < $1.count ? $1[column].count : 0) }
        }
        return all.map { row in
            let cells = row.enumerated().map { column, text in
                let space = String(repeating: " ", count: max(widths[column] - text.count, 0))
                return left.contains(column) ? text + space : space + text
            }
            var line = indent + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

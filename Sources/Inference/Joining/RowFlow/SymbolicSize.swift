/// A dimension, or an element of a shape, as a product: `factor · rows^power · symbols…`. Exact, or not said at all.
///
/// A symbol stands for a number that does not depend on how many rows a run has: a free dimension, or what came of a
/// computation that is not followed.
struct SymbolicSize: Hashable, Sendable {
    private(set) var factor: Int
    /// The power of the number of rows.
    private(set) var rows = 0
    /// Sorted. From 0 up what is a dimension, and so never negative; below 0 what may be any number.
    private(set) var symbols: [Int] = []

    static let one = SymbolicSize(1)
    /// The number of rows of a run.
    static let rows = SymbolicSize(factor: 1, rows: 1, symbols: [])

    init(_ factor: Int) { self.factor = factor }

    init(symbol: Int) { self.init(factor: 1, rows: 0, symbols: [symbol]) }

    private init(factor: Int, rows: Int, symbols: [Int]) {
        self.factor = factor
        self.rows = factor == 0 ? 0 : rows
        self.symbols = factor == 0 ? [] : symbols
    }

    /// Set where it is a number.
    var constant: Int? { rows == 0 && symbols.isEmpty ? factor : nil }
    var countsRows: Bool { rows > 0 }
    /// A dimension may be 0, the number of rows is not.
    var isPositive: Bool { factor > 0 && symbols.isEmpty }
    var isNeverNegative: Bool { factor >= 0 && symbols.allSatisfy { $0 >= 0 } }

    /// `nil` where it is too large.
    func times(_ other: SymbolicSize) -> SymbolicSize? {
        let (product, overflow) = factor.multipliedReportingOverflow(by: other.factor)
        guard !overflow, symbols.count + other.symbols.count <= 64, rows + other.rows <= 8 else { return nil }
        return SymbolicSize(factor: product, rows: rows + other.rows, symbols: (symbols + other.symbols).sorted())
    }

    /// `nil` where the quotient is no such product.
    func divided(by other: SymbolicSize) -> SymbolicSize? {
        guard other.factor > 0, factor >= 0, factor % other.factor == 0, rows >= other.rows else { return nil }
        var rest = symbols
        for symbol in other.symbols {
            guard let place = rest.firstIndex(of: symbol) else { return nil }
            rest.remove(at: place)
        }
        return SymbolicSize(factor: factor / other.factor, rows: rows - other.rows, symbols: rest)
    }

    static func product(_ sizes: some Sequence<SymbolicSize>) -> SymbolicSize? {
        var product = SymbolicSize.one
        for size in sizes {
            guard let next = product.times(size) else { return nil }
            product = next
        }
        return product
    }
}

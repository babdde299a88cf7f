/// What is known of one value in a model's graph: its shape, which of its axes counts rows, and its numbers where they are
/// shapes.
struct FlowValue: Sendable, Equatable {
    /// `nil`: not even the number of axes is known.
    var sizes: [SymbolicSize]?
    /// The axis along which each row has a block of its own, in the order of the rows. `nil`: the value is the same
    /// whatever the rows are.
    var axis: Int?
    /// Its numbers in row-major order, of a value that no row has a part in. They can count rows.
    var content: [Element]?

    enum Element: Sendable, Hashable {
        case size(SymbolicSize)
        case real(Double)
        /// A size, or what came of one, as a real number: it may be no whole one.
        case measure(SymbolicSize)
        case flag(Bool)

        var size: SymbolicSize? { if case .size(let size) = self { size } else { nil } }
        var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
        var countsRows: Bool {
            switch self {
            case .size(let size), .measure(let size): size.countsRows
            case .real, .flag: false
            }
        }

        /// As a real number that is a whole one.
        var wholeMeasure: SymbolicSize? {
            switch self {
            case .measure(let size): size
            case .real(let number): Int(exactly: number).map { SymbolicSize($0) }
            case .size, .flag: nil
            }
        }

        /// As a number, where it is one.
        var number: Double? {
            switch self {
            case .size(let size): size.constant.map(Double.init)
            case .real(let number): number
            case .measure, .flag: nil
            }
        }
    }

    static let unknown = FlowValue()

    /// As many numbers as are followed of one value: some shapes, one after another.
    static let mostNumbers = 4 * ONNXTensorReader.mostNumbers

    /// Whether it has no more axes and numbers than a value that is followed may have.
    var isSmall: Bool {
        (sizes?.count ?? 0) <= ONNXTensorReader.mostNumbers && (content?.count ?? 0) <= Self.mostNumbers
    }

    var rank: Int? { sizes?.count }
    var isFixed: Bool { axis == nil }
    /// Whether it tells how many rows there are.
    var countsRows: Bool { content?.contains { $0.countsRows } ?? false }

    /// How many places along its axis belong to one row.
    var block: SymbolicSize? {
        guard let axis else { return nil }
        guard let sizes else { return .one }
        return sizes[axis].divided(by: .rows)
    }

    /// Its numbers as whole ones that do not depend on the rows; `nil` where they are not known.
    var integers: [Int]? {
        guard let content else { return nil }
        let integers = content.compactMap { $0.size?.constant }
        return integers.count == content.count ? integers : nil
    }

    /// Its numbers as what dimensions are made of.
    var shape: [SymbolicSize]? {
        guard let content else { return nil }
        let sizes = content.compactMap(\.size)
        return sizes.count == content.count ? sizes : nil
    }

    init(sizes: [SymbolicSize]? = nil, axis: Int? = nil, content: [Element]? = nil) {
        self.sizes = sizes
        self.axis = axis
        self.content = content
    }

    init(_ constant: ONNXGraph.Constant) {
        sizes = constant.sizes?.map { SymbolicSize($0) }
        content = constant.content?.map { number in
            switch number {
            case .integer(let value): .size(SymbolicSize(Int(value)))
            case .real(let value): .real(value)
            case .flag(let value): .flag(value)
            }
        }
    }

    /// A list of `content`, or a scalar of the only one.
    init(list content: [Element], isScalar: Bool = false) {
        sizes = isScalar ? [] : [SymbolicSize(content.count)]
        self.content = content
    }
}

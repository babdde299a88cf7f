import Tensors

/// Brackets of one tensor's data: depth 1 throughout (flat), or the tensor's rank with each array as long as its
/// dimension.
struct V2Nesting {
    /// No shape has more dimensions.
    static let maximumRank = 32

    private let shape: Shape
    private let rank: Int
    private(set) var depth = 0
    /// Elements or arrays seen in each open array, by depth.
    private var lengths = InlineArray<33, Int>(repeating: 0)
    /// The depth at which elements stand, 0 until the first one fixes it.
    private var elementDepth = 0

    init(_ shape: Shape) {
        self.shape = shape
        rank = min(max(shape.dimensions.count, 1), Self.maximumRank)
    }

    var mayOpen: Bool { depth < (elementDepth == 0 ? rank : elementDepth) }
    var mayHoldElements: Bool { elementDepth == 0 ? depth == 1 || depth == rank : depth == elementDepth }
    var mayCloseEmpty: Bool { lengths[depth] == 0 }

    mutating func open() {
        depth += 1
        lengths[depth] = 0
    }

    mutating func add(_ elements: Int) {
        elementDepth = depth
        lengths[depth] += elements
    }

    /// - Returns: whether the array had the length that the shape says. A flat one is counted at the end.
    mutating func close() -> Bool {
        let isNested = rank > 1 && (elementDepth == 0 ? depth : elementDepth) == rank
        let fits = !isNested || lengths[depth] == shape.dimensions[depth - 1]
        depth -= 1
        lengths[depth] += 1
        return fits
    }
}

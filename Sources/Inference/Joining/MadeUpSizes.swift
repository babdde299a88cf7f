import Tensors

/// Sizes for the dimensions that a model leaves free, so that it can be run before anybody has called it.
struct MadeUpSizes: Sendable, Equatable {
    /// Of each input, with the first dimension as the model has it.
    var shapes: [[Int]]

    /// A larger row is not made up.
    static let maximumRowBytes = 16 << 20

    /// Pairs of sizes that are unequal, and no dimension is as large as another or as a number of rows that is tried (1, 2,
    /// 3): so an axis that is mistaken for another shows. The first that runs counts.
    ///
    /// - Parameter given: shapes that the model's file gives (`warm_up`), by input; the second size of a pair is made of
    ///   them.
    static func pairs(for signature: ModelSignature, given: [String: Shape] = [:]) -> [[MadeUpSizes]] {
        let axes = FreeAxes(signature)
        guard axes.count > 0 else { return [[MadeUpSizes(signature, axes) { _ in 1 }]] }
        if !given.isEmpty {
            let base = MadeUpSizes(signature, axes, given: given)
            return [2, 3].map { factor in [base, base.enlarged(signature, by: factor)] }
        }
        let steps: [(start: Int, step: Int, next: Int, nextStep: Int)] = [
            (4, 1, 9, 2), (8, 8, 32, 24), (32, 32, 96, 64), (64, 0, 96, 0), (224, 32, 288, 64),
        ]
        return steps.map { step in
            [
                MadeUpSizes(signature, axes) { step.start + $0 * step.step },
                MadeUpSizes(signature, axes) { step.next + axes.count * step.step + $0 * step.nextStep },
            ]
        }
    }

    /// Sizes for one run that warms the model: what the file gives, else ones.
    static func warmUp(for signature: ModelSignature, given: [String: Shape]) -> MadeUpSizes {
        let axes = FreeAxes(signature)
        return given.isEmpty
            ? MadeUpSizes(signature, axes) { _ in 1 } : MadeUpSizes(signature, axes, given: given)
    }

    private init(_ signature: ModelSignature, _ axes: FreeAxes, _ size: (Int) -> Int) {
        shapes = signature.inputs.enumerated().map { input, port in
            port.shape.dimensions.enumerated().map { index, dimension in
                dimension >= 0 ? dimension : axes.group(input, index).map(size) ?? 1
            }
        }
    }

    private init(_ signature: ModelSignature, _ axes: FreeAxes, given: [String: Shape]) {
        shapes = signature.inputs.enumerated().map { input, port in
            if port.rank == .unknown { return given[port.name]?.dimensions ?? [] }
            guard let shape = given[port.name], shape.dimensions.count == port.shape.dimensions.count else {
                return port.shape.dimensions.enumerated().map { index, dimension in
                    dimension >= 0 ? dimension : axes.size(of: index, in: input, signature, given: given) ?? 1
                }
            }
            return shape.dimensions
        }
    }

    private func enlarged(_ signature: ModelSignature, by factor: Int) -> MadeUpSizes {
        var larger = self
        for (input, port) in signature.inputs.enumerated() {
            for index in port.shape.dimensions.indices.dropFirst(signature.rowAxes)
            where port.shape.dimensions[index] < 0 {
                larger.shapes[input][index] *= factor
            }
        }
        return larger
    }

    /// Whether a row of each input is small enough to be made up.
    func isSmallEnough(_ signature: ModelSignature) -> Bool {
        zip(shapes, signature.inputs).allSatisfy { shape, port in
            guard let count = Shape(Array(shape.dropFirst(signature.rowAxes))).elementCount else { return false }
            return count <= Self.maximumRowBytes / (port.elementType.byteWidth ?? 16)
        }
    }
}

extension ModelSignature {
    /// How many leading axes count rows: 1 for a model that may be joined.
    var rowAxes: Int { maximumBatchSize == nil ? 0 : 1 }
}

/// The free dimensions of all inputs but those of rows, as groups that are of one size: those of one name, and nameless ones
/// at the same place of several inputs.
private struct FreeAxes {
    private var groups: [[Int?]] = []
    private(set) var count = 0

    init(_ signature: ModelSignature) {
        var known: [String: Int] = [:]
        for input in signature.inputs {
            groups.append(
                input.shape.dimensions.indices.map { index in
                    guard input.shape.dimensions[index] < 0, index >= signature.rowAxes else { return nil }
                    let key = input.axisName(index) ?? "\u{0}\(index)"
                    if let group = known[key] { return group }
                    known[key] = known.count
                    return known.count - 1
                })
        }
        count = known.count
    }

    func group(_ input: Int, _ index: Int) -> Int? { groups[input][index] }

    /// The size that another input, whose shape is given, has for the same group.
    func size(of index: Int, in input: Int, _ signature: ModelSignature, given: [String: Shape]) -> Int? {
        guard let wanted = groups[input][index] else { return nil }
        for (other, port) in signature.inputs.enumerated() {
            guard let shape = given[port.name], shape.dimensions.count == groups[other].count,
                let place = groups[other].firstIndex(of: wanted)
            else { continue }
            return shape.dimensions[place]
        }
        return nil
    }
}

/// The dimensions of a tensor, row-major, outermost first; empty for a scalar.
package struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    package var dimensions: [Int]

    package init(_ dimensions: [Int]) { self.dimensions = dimensions }
    package init(arrayLiteral elements: Int...) { dimensions = elements }

    /// The product of the dimensions, 1 for a scalar; `nil` if a dimension is negative or the product
    /// does not fit in `Int`. Shapes come from clients: check before you multiply.
    package var elementCount: Int? {
        var product = 1
        var overflowed = false
        var isEmpty = false
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            if dimension == 0 {
                isEmpty = true
                continue
            }
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            product = next
            overflowed = overflowed || overflow
            if overflowed { product = 1 }
        }
        if isEmpty { return 0 }
        return overflowed ? nil : product
    }

    /// As error texts and metadata write it: `[-1,2048]`.
    package var description: String { "[" + dimensions.map(String.init).joined(separator: ",") + "]" }
}

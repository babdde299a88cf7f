/// A list that mostly has no element or one, for which it takes no memory of its own.
package struct Few<Element>: Sequence, ExpressibleByArrayLiteral {
    private var first: Element?
    private var rest: [Element] = []

    package init() {}

    package init(arrayLiteral elements: Element...) {
        for element in elements { append(element) }
    }

    /// One element.
    package init(_ element: consuming Element) { first = element }

    package mutating func append(_ element: consuming Element) {
        if first == nil { first = element } else { rest.append(element) }
    }

    package mutating func append(contentsOf others: consuming Few) {
        for element in others { append(element) }
    }

    package struct Iterator: IteratorProtocol {
        fileprivate var first: Element?
        fileprivate var rest: IndexingIterator<[Element]>

        package mutating func next() -> Element? {
            if let element = first.take() { return element }
            return rest.next()
        }
    }

    package func makeIterator() -> Iterator { Iterator(first: first, rest: rest.makeIterator()) }
}

extension Few: Sendable where Element: Sendable {}
extension Few: Equatable where Element: Equatable {}

/// A list that mostly has no element or one, for which it takes no memory of its own.
@usableFromInline package struct Few<Element>: Sequence, ExpressibleByArrayLiteral {
    @usableFromInline var first: Element?
    @usableFromInline var rest: [Element] = []

    @inlinable package init() {}

    @inlinable package init(arrayLiteral elements: Element...) {
        for element in elements { append(element) }
    }

    /// One element.
    @inlinable package init(_ element: consuming Element) { first = element }

    @inlinable package mutating func append(_ element: consuming Element) {
        if first == nil { first = element } else { rest.append(element) }
    }

    @inlinable package mutating func append(contentsOf others: consuming Few) {
        for element in others { append(element) }
    }

    @usableFromInline package struct Iterator: IteratorProtocol {
        @usableFromInline var first: Element?
        @usableFromInline var rest: IndexingIterator<[Element]>

        @inlinable init(first: Element?, rest: IndexingIterator<[Element]>) {
            self.first = first
            self.rest = rest
        }

        @inlinable package mutating func next() -> Element? {
            if let element = first.take() { return element }
            return rest.next()
        }
    }

    @inlinable package func makeIterator() -> Iterator { Iterator(first: first, rest: rest.makeIterator()) }
}

extension Few: Sendable where Element: Sendable {}
extension Few: Equatable where Element: Equatable {}

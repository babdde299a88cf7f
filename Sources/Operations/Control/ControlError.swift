/// Why a request of an operator is refused.
package struct ControlError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// No such pool or worker.
        case unknown
        /// A value out of its range.
        case invalid
    }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

import Tensors

/// Why a model could not be loaded or a batch could not be run.
package struct InferenceError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The input does not suit the model; running it again will not help.
        case invalidInput
        /// The run failed.
        case backend
        /// The model or its runtime cannot be loaded.
        case modelUnavailable
    }
    package var code: Code
    /// What failed, for which model, what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

extension InferenceError {
    enum Port: String { case input, output }

    /// A sequence or a map, or a tensor of an element type that the protocol cannot carry.
    /// - Parameter type: what it is, as `ONNXTypeName` says it.
    static func unsupportedPort(_ name: String, _ port: Port, type: String, model: String) -> InferenceError {
        let advice =
            type == "a sequence" || type == "a map"
            ? " (scikit-learn classifiers: export with zipmap off)" : " (a Cast node in front or behind can change it)"
        return InferenceError(
            .modelUnavailable,
            "\(port.rawValue) '\(name)' of model '\(model)' is \(type), which the inference protocol does not have; it has tensors of \(ElementType.allCases.map(\.name).joined(separator: ", ")); export the model so that it is one\(advice)"
        )
    }
}

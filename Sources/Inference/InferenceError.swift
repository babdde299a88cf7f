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
    static func unsupportedPort(_ name: String, _ port: Port, model: String) -> InferenceError {
        InferenceError(
            .modelUnavailable,
            "\(port.rawValue) '\(name)' of model '\(model)' is no tensor of a type that the inference protocol has; export the model so that it is (scikit-learn classifiers: with zipmap off)"
        )
    }
}

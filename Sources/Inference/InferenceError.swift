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

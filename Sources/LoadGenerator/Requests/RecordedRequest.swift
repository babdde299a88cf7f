package import JSON
package import Tensors

/// One recorded prediction request and what is to come back; a line of a recording.
package struct RecordedRequest: Sendable, Equatable {
    package struct Input: Sendable, Equatable {
        package var name: String
        package var elementType: ElementType
        package var shape: [Int]
        /// Row-major, little-endian, as the binary tensor extension carries it.
        package var bytes: [UInt8]
        /// The same as JSON, where the recording has it; needed to send the request as JSON.
        package var json: JSONValue?

        package init(name: String, elementType: ElementType, shape: [Int], bytes: [UInt8], json: JSONValue? = nil) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
            self.bytes = bytes
            self.json = json
        }
    }

    /// For messages: where the request comes from, for example a file's name.
    package var name: String?
    /// `nil`: the model that the load profile names.
    package var model: String?
    /// `nil`: the version that the model serves.
    package var version: String?
    package var inputs: [Input]
    /// Empty: the answer only has to be a V2 response.
    package var expected: [ExpectedOutput]

    package init(
        name: String? = nil, model: String? = nil, version: String? = nil, inputs: [Input],
        expected: [ExpectedOutput] = []
    ) {
        self.name = name
        self.model = model
        self.version = version
        self.inputs = inputs
        self.expected = expected
    }
}

/// What one output of the answer must hold.
package struct ExpectedOutput: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        /// The index of the largest value of each row.
        case argmax([Int])
        /// Every value, row-major: |actual - expected| ≤ tolerance · max(1, |expected|).
        case values([Double], tolerance: Double)
        /// Every element of a BYTES output.
        case texts([String])
    }

    /// `nil`: the answer's first output.
    package var output: String?
    package var content: Content

    package init(output: String? = nil, _ content: Content) {
        self.output = output
        self.content = content
    }
}

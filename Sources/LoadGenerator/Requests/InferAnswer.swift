import JSON
import NIOCore
import Tensors

/// The outputs of a V2 response, JSON or binary.
package struct InferAnswer: Sendable {
    package struct Output: Sendable {
        package var name: String
        package var shape: [Int]
        var elementType: ElementType
        var content: Content

        enum Content: Sendable {
            case json(JSONValue)
            case binary(ByteBuffer)
        }

        /// The elements as numbers; `nil` if they are none.
        package var numbers: [Double]? {
            switch content {
            case .binary(let bytes): return TensorBytes.numbers(bytes.readableBytesView, as: elementType)
            case .json(let value):
                let leaves = value.flattened
                let numbers = leaves.compactMap { leaf -> Double? in
                    if case .bool(let flag) = leaf { return flag ? 1 : 0 }
                    return leaf.double
                }
                return numbers.count == leaves.count ? numbers : nil
            }
        }

        package var texts: [String]? {
            switch content {
            case .binary(let bytes): return TensorBytes.texts(bytes.readableBytesView)
            case .json(let value):
                let leaves = value.flattened
                let texts = leaves.compactMap(\.string)
                return texts.count == leaves.count ? texts : nil
            }
        }
    }

    package var outputs: [Output]

    /// - Throws: `LoadError` saying why the body is no V2 response.
    package init(_ response: HTTPResponse) throws(LoadError) {
        var body = response.body
        let length = response.inferenceHeaderLength ?? body.readableBytes
        guard let header = body.readSlice(length: length) else {
            throw LoadError("Inference-Header-Content-Length \(length) is above the body's length")
        }
        let document: JSONValue
        do throws(JSONParser.Problem) {
            document = try JSONParser.parse(header.readableBytesView)
        } catch {
            throw LoadError("the answer is no JSON")
        }
        guard let list = document["outputs"]?.array else { throw LoadError("the answer has no outputs") }
        outputs = []
        for item in list {
            guard let name = item["name"]?.string,
                let type = item["datatype"]?.string.flatMap({ ElementType(name: $0) }),
                let shape = item["shape"]?.array?.map(\.int), !shape.contains(nil)
            else { throw LoadError("an output of the answer lacks name, datatype or shape") }
            let content: Output.Content
            if let size = item["parameters"]?["binary_data_size"]?.int {
                guard size >= 0, let bytes = body.readSlice(length: size) else {
                    throw LoadError("output \(name): fewer bytes than binary_data_size says")
                }
                content = .binary(bytes)
            } else if let value = item["data"] {
                content = .json(value)
            } else {
                throw LoadError("output \(name) has no data")
            }
            outputs.append(Output(name: name, shape: shape.compactMap(\.self), elementType: type, content: content))
        }
        guard body.readableBytes == 0 else { throw LoadError("bytes after the last output") }
    }

    /// Compares with what is expected.
    ///
    /// - Returns: `nil` if all is as expected, or the first difference in words that do not vary with the request, so
    ///   that a report can count them.
    package func difference(from expected: [ExpectedOutput]) -> String? {
        for wanted in expected {
            guard let output = wanted.output.map({ name in outputs.first { $0.name == name } }) ?? outputs.first else {
                return "output \(wanted.output ?? "") is missing"
            }
            switch wanted.content {
            case .argmax(let rows):
                guard let numbers = output.numbers, !rows.isEmpty, !numbers.isEmpty, numbers.count % rows.count == 0
                else { return "output \(output.name) has not the expected number of rows" }
                if Self.argmax(numbers, rows: rows.count) != rows { return "another class in output \(output.name)" }
            case .values(let values, let tolerance):
                guard let numbers = output.numbers, numbers.count == values.count else {
                    return "output \(output.name) has not the expected number of values"
                }
                // Written so that a NaN is a difference.
                let agree = zip(numbers, values).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
                if !agree { return "values of output \(output.name) beyond the tolerance" }
            case .texts(let texts):
                if output.texts != texts { return "other texts in output \(output.name)" }
            }
        }
        return nil
    }

    /// The place of the largest number of each row; -1 for a row with a NaN, which has none.
    private static func argmax(_ numbers: [Double], rows: Int) -> [Int] {
        let width = numbers.count / rows
        return (0..<rows).map { row in
            let values = numbers[(row * width)..<((row + 1) * width)]
            if values.contains(where: \.isNaN) { return -1 }
            let best = values.indices.max { values[$0] < values[$1] } ?? values.startIndex
            return best - values.startIndex
        }
    }
}

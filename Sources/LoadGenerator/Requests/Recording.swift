import FoundationEssentials
import JSON
import Settings
import Tensors

/// Reads recordings: one JSON document a line, as `cluster/load/FORMAT.md` describes them.
package enum Recording {
    /// A recording is held in memory as a whole; a larger file is refused.
    package static let maximumBytes = 512 << 20
    package static let maximumElements = 16 << 20

    /// The requests of the file at `path`, in its order; never empty.
    ///
    /// - Throws: `LoadError` with file, line and, where it is known, column.
    package static func read(path: String) throws(LoadError) -> [RecordedRequest] {
        let contents: Data
        do {
            contents = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw LoadError(
                "\(path): the recording cannot be read: \(SettingsPath.problem(withFile: path) ?? "\(error)")")
        }
        guard contents.count <= maximumBytes else {
            throw LoadError("\(path): a recording may have at most \(maximumBytes >> 20) MiB")
        }
        return try parse(contents, named: path)
    }

    /// The requests in `bytes`, which errors call `name`. Empty lines are passed over.
    package static func parse(_ bytes: some Collection<UInt8>, named name: String) throws(LoadError)
        -> [RecordedRequest]
    {
        var requests: [RecordedRequest] = []
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            do throws(JSONParser.Problem) {
                let document = try JSONParser.parse(line)
                do throws(LoadError) {
                    requests.append(try request(document))
                } catch {
                    throw JSONParser.Problem(offset: 0, message: error.message)
                }
            } catch {
                throw LoadError("\(name):\(number):\(error.offset + 1): \(error.message)")
            }
        }
        guard !requests.isEmpty else { throw LoadError("\(name): no recorded request in it") }
        return requests
    }

    private static func request(_ document: JSONValue) throws(LoadError) -> RecordedRequest {
        try check(document, allowed: ["name", "model", "version", "inputs", "expected"], in: "a recorded request")
        guard let list = document["inputs"]?.array, !list.isEmpty else {
            throw LoadError("'inputs' must be a list of at least one tensor")
        }
        var request = RecordedRequest(
            name: try text(document, "name"), model: try text(document, "model"),
            version: try text(document, "version"),
            inputs: [])
        for item in list { request.inputs.append(try input(item)) }
        switch document["expected"] {
        case nil, .null: break
        case .array(let values): for value in values { request.expected.append(try expected(value)) }
        case .some(let value): request.expected.append(try expected(value))
        }
        return request
    }

    private static func input(_ item: JSONValue) throws(LoadError) -> RecordedRequest.Input {
        try check(item, allowed: ["name", "datatype", "shape", "data", "base64"], in: "an input")
        guard let name = try text(item, "name") else { throw LoadError("an input has no 'name'") }
        guard let type = try text(item, "datatype").flatMap({ ElementType(name: $0) }) else {
            let names = ElementType.allCases.map(\.name).joined(separator: ", ")
            throw LoadError("input '\(name)': 'datatype' must be one of \(names)")
        }
        guard let shape = item["shape"]?.array?.map(\.int), !shape.contains(where: { $0.map { $0 < 0 } ?? true }) else {
            throw LoadError("input '\(name)': 'shape' must be a list of whole numbers from 0")
        }
        let dimensions = shape.compactMap(\.self)
        let elements = dimensions.reduce(1) {
            $0 > maximumElements || $1 > maximumElements ? maximumElements + 1 : $0 * $1
        }
        guard elements <= maximumElements else {
            throw LoadError("input '\(name)': more than \(maximumElements) elements")
        }
        switch (item["data"], item["base64"]) {
        case (let value?, nil):
            let leaves = value.flattened
            guard leaves.count == elements else {
                throw LoadError("input '\(name)': its shape has \(elements) elements, 'data' has \(leaves.count)")
            }
            guard let bytes = TensorBytes.encode(leaves, as: type) else {
                throw LoadError("input '\(name)': a value of 'data' does not fit \(type.name)")
            }
            return .init(name: name, elementType: type, shape: dimensions, bytes: bytes, json: value)
        case (nil, .string(let encoded)):
            guard let bytes = Data(base64Encoded: encoded) else {
                throw LoadError("input '\(name)': 'base64' is not base64")
            }
            if let width = type.byteWidth, bytes.count != width * elements {
                throw LoadError(
                    "input '\(name)': its shape needs \(width * elements) bytes, 'base64' has \(bytes.count)")
            }
            return .init(name: name, elementType: type, shape: dimensions, bytes: Array(bytes))
        default: throw LoadError("input '\(name)' needs either 'data' or 'base64'")
        }
    }

    private static func expected(_ item: JSONValue) throws(LoadError) -> ExpectedOutput {
        try check(item, allowed: ["output", "argmax", "values", "tolerance", "texts"], in: "an expected output")
        let output = try text(item, "output")
        switch (item["argmax"], item["values"], item["texts"]) {
        case (let value?, nil, nil):
            let rows = value.flattened.map(\.int)
            guard !rows.isEmpty, !rows.contains(nil) else { throw LoadError("'argmax' must hold one index a row") }
            return ExpectedOutput(output: output, .argmax(rows.compactMap(\.self)))
        case (nil, let value?, nil):
            let values = value.flattened.map(\.double)
            guard !values.isEmpty, !values.contains(nil) else { throw LoadError("'values' must hold numbers") }
            let tolerance = item["tolerance"]?.double ?? 1e-4
            guard tolerance >= 0, tolerance.isFinite else { throw LoadError("'tolerance' must be a number from 0") }
            return ExpectedOutput(output: output, .values(values.compactMap(\.self), tolerance: tolerance))
        case (nil, nil, let value?):
            let texts = value.flattened.map(\.string)
            guard !texts.isEmpty, !texts.contains(nil) else { throw LoadError("'texts' must hold strings") }
            return ExpectedOutput(output: output, .texts(texts.compactMap(\.self)))
        default: throw LoadError("an expected output needs exactly one of 'argmax', 'values' and 'texts'")
        }
    }

    private static func text(_ object: JSONValue, _ key: String) throws(LoadError) -> String? {
        switch object[key] {
        case nil, .null: return nil
        case .string(let value): return value
        default: throw LoadError("'\(key)' must be a string")
        }
    }

    private static func check(_ object: JSONValue, allowed: [String], in place: String) throws(LoadError) {
        guard let members = object.members else { throw LoadError("\(place) must be an object") }
        for member in members where !allowed.contains(member.name) {
            throw LoadError(
                "unknown key '\(member.name)' in \(place); allowed here: \(allowed.joined(separator: ", "))")
        }
    }
}

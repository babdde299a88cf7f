import Foundation
import NIOCore
import Random
import Tensors
import Testing

@testable import Gateway
import TestKit

@Suite struct V2ResponseEncoderTests {
    private func tensor<T>(_ name: String, _ type: ElementType, _ shape: Shape, _ values: [T]) -> Tensor {
        Tensor(
            name: name, elementType: type, shape: shape, bytes: ByteBuffer(bytes: values.withUnsafeBytes(Array.init)))
    }

    private func encode(
        _ tensors: [Tensor], _ change: (inout V2Request) -> Void = { _ in }, labels: [String: [String]] = [:]
    ) throws -> V2ResponseEncoder.Encoded {
        var request = V2Request()
        change(&request)
        return try V2ResponseEncoder.encode(
            model: "m", version: "1", tensors: tensors, form: V2Echo(request), labels: labels)
    }

    private struct Document: Decodable {
        struct Output: Decodable {
            var name: String
            var datatype: String
            var shape: [Int]
            var data: [Double]?
            var parameters: [String: Int]?
        }
        var model_name: String
        var model_version: String
        var id: String?
        var outputs: [Output]
    }

    @Test("writes floats so that they read back as the same numbers")
    func roundTripsFloats() throws {
        var random = SeededGenerator()
        let values = (0..<2_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }.filter(
            \.isFinite)
        let body = try encode([tensor("y", .float32, [values.count], values)], { $0.id = "q\"\n" }).body
        let document = try JSONDecoder().decode(Document.self, from: Data(body.readableBytesView))
        #expect(document.id == "q\"\n")
        #expect(document.outputs.first?.data?.map(Float.init) == values, "seed \(random.seed)")
    }

    @Test("puts binary outputs behind the JSON, in order, and leaves the others in it")
    func mixesForms() throws {
        let encoded = try encode(
            [
                tensor("a", .uint8, [2], [UInt8(7), 8]), tensor("b", .int64, [1], [Int64(-5)]),
                tensor("c", .uint8, [1], [UInt8(9)]),
            ]
        ) {
            $0.isBinaryByDefault = true
            $0.outputs = [.init(name: "a"), .init(name: "b", isBinary: false), .init(name: "c")]
        }
        let length = try #require(encoded.headerLength)
        let bytes = Array(encoded.body.readableBytesView)
        #expect(Array(bytes[length...]) == [7, 8, 9])
        let document = try JSONDecoder().decode(Document.self, from: Data(bytes[..<length]))
        #expect(document.outputs.map(\.name) == ["a", "b", "c"])
        #expect(document.outputs.map { $0.parameters?["binary_data_size"] } == [2, nil, 1])
        #expect(document.outputs[1].data == [-5])
    }

    @Test("an empty binary output is plain JSON")
    func emptyBinaryOutput() throws {
        let encoded = try encode([tensor("a", .uint8, [0], [UInt8]())]) { $0.isBinaryByDefault = true }
        #expect(encoded.headerLength == nil)
        #expect(String(buffer: encoded.body).contains("\"binary_data_size\":0"))
    }

    @Test("ranks classes with their labels, the first of equals first")
    func classifies() throws {
        let encoded = try encode(
            [tensor("y", .float32, [2, 3], [Float(0.5), 0.25, 0.5, 1, .nan, 2])],
            { $0.outputs = [.init(name: "y", classes: 2)] }, labels: ["y": ["ant", "bee"]])
        let text = String(buffer: encoded.body)
        #expect(
            text.contains(#""datatype":"BYTES","shape":[2,2],"data":["0.5:0:ant","0.5:2","2.0:2","1.0:0:ant"]"#),
            "\(text)")
    }

    @Test("writes NaN and the infinities as strings")
    func namesNotANumber() throws {
        let body = try encode([
            tensor("a", .float32, [3], [Float.nan, 1, -Float.infinity]), tensor("b", .float64, [1], [Double.infinity]),
        ]).body
        let text = String(buffer: body)
        #expect(text.contains(#""data":["NaN",1.0,"-Infinity"]"#) && text.contains(#""data":["Infinity"]"#), "\(text)")
    }

    @Test("says to ask for binary where JSON cannot express a value")
    func refusesInexpressible() {
        let cases: [Tensor] = [
            tensor("y", .float16, [1], [UInt16(0)]), tensor("y", .bytes, [1], [UInt8](arrayLiteral: 1, 0, 0, 0, 0xFF)),
        ]
        for tensor in cases {
            let error = #expect(throws: OutcomeEncodingError.self) { try encode([tensor]) }
            guard case .inexpressible(let message)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(message.contains("ask for it in binary"))
        }
    }

    @Test("escapes strings")
    func escapesStrings() throws {
        let element = Array("a\"\\\n\u{1}é".utf8)
        let bytes = withUnsafeBytes(of: UInt32(element.count).littleEndian, Array.init) + element
        let body = try encode([tensor("y", .bytes, [1], bytes)]).body
        #expect(String(buffer: body).contains(#""data":["a\"\\\n\u0001é"]"#))
    }
}

@Suite struct V2EchoTests {
    @Test("comes back as it went, and bytes of another version are an error")
    func roundTrips() throws {
        var request = V2Request()
        request.id = "é"
        request.isBinaryByDefault = true
        request.outputs = [
            .init(name: "a", isBinary: nil, classes: 3), .init(name: "b", isBinary: false),
            .init(name: "c", isBinary: true),
        ]
        var bytes = ByteBuffer()
        V2Echo(request).encode(into: &bytes)
        #expect(try V2Echo.decode(bytes) == V2Echo(request))
        for end in 0..<bytes.readableBytes {
            #expect(throws: V2Error.self) { try V2Echo.decode(bytes.getSlice(at: 0, length: end) ?? ByteBuffer()) }
        }
    }
}

@Suite struct V2PathTests {
    @Test(
        "knows every path of the protocol",
        arguments: [
            ("/", .root), ("/v2", .server), ("/v2/health/live", .live), ("/v2/health/ready", .ready),
            ("/v2/models", .models),
            ("/v2/models/stats", .allStatistics), ("/v2/models/a.b", .model("a.b", version: nil, .metadata)),
            ("/v2/models/a%20b/versions/3/infer", .model("a b", version: "3", .infer)),
            ("/v2/models/a/versions/3", .model("a", version: "3", .metadata)),
            ("/v2/models/a/ready", .model("a", version: nil, .ready)), ("/v2/repository/index", .repositoryIndex),
            ("/v2/models/100%/infer", .model("100%", version: nil, .infer)),
        ] as [(String, V2Path)])
    func knowsPaths(text: String, path: V2Path) {
        #expect(V2Path(text) == path)
    }

    @Test(
        "knows no other", arguments: ["/v1", "/v2/x", "/v2/models/a/metadata", "/v2/models/a/b/c", "/v2/health"])
    func refusesOthers(text: String) {
        #expect(V2Path(text) == nil)
    }
}

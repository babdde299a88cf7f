import NIOCore
import Random
import Tensors
import Testing

@testable import Gateway
import TestKit

@Suite struct V2RequestDecoderTests {
    @Test(
        "reads numbers flat, nested, and before their type is known",
        arguments: [
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[1,2,3,4,5,6]}]}"#,
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[[1,2,3],[4.0,5e0,0.6E1]]}]}"#,
            #" { "inputs" : [ { "data" : [[1,2,3],[4,5,6]] , "shape":[2,3], "name":"x","datatype":"FP32" } ] } "#,
            #"{"unknown":{"deep":[1,{"a":"]}"}]},"inputs":[{"parameters":{"content_type":[]},"name":"x","datatype":"FP32","shape":[2,3],"data":[1,2,3,4,5,6]}]}"#,
        ])
    func readsNumbers(text: String) throws {
        let request = try V2Samples.decode(text)
        #expect(V2Samples.numbers(request, as: Float.self) == [1, 2, 3, 4, 5, 6])
        #expect(request.inputs.first?.shape == [2, 3])
    }

    @Test("reads the request's parameters, outputs and id")
    func readsParameters() throws {
        let request = try V2Samples.decode(
            #"{"id":"a\u00e9\ud83d\ude00\"","parameters":{"priority":1,"timeout":2500,"deadline_ms":40,"binary_data_output":true,"headers":null},"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}],"outputs":[{"name":"label","parameters":{"binary_data":false}},{"name":"y","parameters":{"classification":2}}]}"#
        )
        #expect(request.id == "aé😀\"")
        #expect(request.priority == 1)
        #expect(request.timeout == .microseconds(2_500))
        #expect(request.deadline == .milliseconds(40))
        #expect(request.isBinaryByDefault)
        #expect(
            request.outputs == [
                .init(name: "label", isBinary: false), .init(name: "y", isBinary: nil, classes: 2),
            ])
    }

    @Test("cuts binary tensors out of the body without copying, in the order of the inputs")
    func readsBinary() throws {
        let signature = ModelSignature(
            inputs: [
                TensorSpecification(name: "a", elementType: .uint8, shape: [-1]),
                TensorSpecification(name: "b", elementType: .uint16, shape: [-1]),
                TensorSpecification(name: "c", elementType: .int32, shape: [-1]),
            ], outputs: V2Samples.image.outputs, maximumBatchSize: nil)
        let header =
            #"{"inputs":[{"name":"c","datatype":"INT32","shape":[1],"data":[7]},{"name":"b","datatype":"UINT16","shape":[1],"parameters":{"binary_data_size":2}},{"name":"a","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}]}"#
        let request = try V2Samples.decode(header, signature, headerLength: header.utf8.count, tail: [1, 2, 3, 4, 5])
        #expect(request.inputs.map(\.name) == ["a", "b", "c"])
        #expect(request.inputs.map { Array($0.bytes.readableBytesView) } == [[3, 4, 5], [1, 2], [7, 0, 0, 0]])
    }

    @Test("takes the whole body as the one input of a raw binary request")
    func readsRaw() throws {
        let bytes = [Float](arrayLiteral: 1, 2, 3).flatMap {
            withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init)
        }
        let request = try V2Samples.decode("", headerLength: 0, tail: bytes)
        #expect(request.inputs.first?.shape == [1, 3])
        #expect(V2Samples.numbers(request, as: Float.self) == [1, 2, 3])
        #expect(request.isBinaryByDefault)
        let text = try V2RequestDecoder.decode(
            body: ByteBuffer(string: "hello"), headerLength: 0, signature: V2Samples.signature(of: .bytes), model: "m")
        #expect(text.inputs.first.map { Array($0.bytes.readableBytesView) } == [5, 0, 0, 0] + Array("hello".utf8))
    }

    @Test(
        "keeps every integer exactly, at both ends of its range",
        arguments: [
            ("INT8", "[-128,127]"), ("INT16", "[-32768,32767]"), ("INT32", "[-2147483648,2147483647]"),
            ("INT64", "[-9223372036854775808,9223372036854775807]"), ("UINT8", "[0,255]"), ("UINT16", "[0,65535]"),
            ("UINT32", "[0,4294967295]"), ("UINT64", "[0,18446744073709551615]"),
        ])
    func keepsIntegers(type: String, data: String) throws {
        let elementType = try #require(ElementType(name: type))
        let request = try V2Samples.decode(
            #"{"inputs":[{"name":"x","datatype":"\#(type)","shape":[2],"data":\#(data)}]}"#,
            V2Samples.signature(of: elementType))
        let tensor = try #require(request.inputs.first)
        var answer = tensor
        answer.name = "y"
        let encoded = try V2ResponseEncoder.encode(
            model: "m", version: "1", tensors: [answer], form: V2Echo(V2Request()), labels: [:])
        #expect(String(buffer: encoded.body).contains("\"data\":\(data)"))
    }

    @Test(
        "never cuts a number to fit",
        arguments: [
            ("INT8", "128"), ("INT8", "-129"), ("UINT8", "256"), ("UINT8", "-1"), ("INT32", "2147483648"),
            ("INT64", "9223372036854775808"), ("UINT64", "18446744073709551616"), ("UINT64", "28446744073709551616"),
            ("INT32", "1.5"), ("INT32", "1e-1"), ("FP32", "1e39"), ("FP64", "1e309"), ("FP32", "NaN"),
            ("FP32", "Infinity"), ("FP32", "-Infinity"), ("FP32", "01"), ("FP32", "+1"), ("FP32", ".5"), ("FP32", "1."),
            ("FP32", "1e"), ("FP32", "0x10"), ("FP32", "true"), ("FP32", "null"), ("FP32", "\"1\""), ("BOOL", "1"),
            ("BOOL", "\"true\""), ("BYTES", "1"), ("INT32", "--1"), ("INT32", "1 2"),
        ])
    func refusesNumber(type: String, number: String) throws {
        let elementType = try #require(ElementType(name: type))
        let error = #expect(throws: V2Error.self) {
            try V2Samples.decode(
                #"{"inputs":[{"name":"x","datatype":"\#(type)","shape":[1],"data":[\#(number)]}]}"#,
                V2Samples.signature(of: elementType))
        }
        #expect(error?.status == 400)
        #expect(error?.message.contains("x") == true)
    }

    @Test(
        "accepts integers that are written as decimals",
        arguments: [("5.0", 5), ("1e3", 1_000), ("-2.50e1", -25), ("-0", 0)])
    func acceptsWholeDecimals(text: String, value: Int32) throws {
        let request = try V2Samples.decode(
            #"{"inputs":[{"name":"x","datatype":"INT32","shape":[1],"data":[\#(text)]}]}"#,
            V2Samples.signature(of: .int32))
        #expect(V2Samples.numbers(request, as: Int32.self) == [value])
    }

    @Test(
        "names what is wrong and what is allowed",
        arguments: [
            ("", "text ends"), ("{", "text ends"), ("[]", "expected '{'"), ("{}", "'inputs'"),
            (#"{"inputs":[]}"#, "missing required input(s) ['x']"), (#"{"inputs":5}"#, "Unable to parse 'inputs'"),
            (#"{"inputs":[{}]}"#, "Unable to parse 'name'"),
            (#"{"inputs":[{"name":"x"}]}"#, "Unable to parse 'datatype'"),
            (#"{"inputs":[{"name":"x","datatype":"FP32"}]}"#, "Unable to parse 'shape'"),
            (#"{"inputs":[{"name":"x","datatype":"FP99","shape":[1]}]}"#, "invalid datatype 'FP99'"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3]}]}"#, "neither 'data' nor"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,-3],"data":[]}]}"#, "at least 0, got -3"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[4611686018427387904,4],"data":[]}]}"#, "too large"),
            (
                #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1000000000000,3],"data":[1]}]}"#,
                "needs 3000000000000, got 1"
            ),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2]}]}"#, "needs 3, got 2"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3,4]}]}"#, "needs 3"),
            (
                #"{"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[[1,2],[3,4,5,6]]}]}"#,
                "not nested as its shape"
            ),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[[[1,2,3]]]}]}"#, "nested deeper"),
            (
                #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]} x"#,
                "nothing after the request"
            ),
            (
                #"{"inputs":[{"name":"z","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#,
                "unexpected inference input 'z'"
            ),
            (
                #"{"inputs":[{"name":"x","datatype":"FP64","shape":[1,3],"data":[1,2,3]}]}"#,
                "data-type is 'FP64', but model 'm' expects 'FP32'"
            ),
            (
                #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]}"#,
                "Expected [-1,3], got [1,4]."
            ),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[0,3],"data":[]}]}"#, "at least one row"),
            (
                #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}]}"#,
                "must specify valid 'Infer-Header-Content-Length'"
            ),
            (
                #"{"id":"r","inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}],"outputs":[{"name":"q"}]}"#,
                "[request id: r] unexpected inference output 'q'"
            ),
            (#"{"inputs":[{"name":"x\ud800","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#, "surrogate"),
            (#"{"parameters":{"priority":-1},"inputs":[]}"#, "'priority'"),
            (#"{"parameters":{"deadline_ms":0},"inputs":[]}"#, "'deadline_ms'"),
            (
                #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3],"data":[1,2,3],"parameters":{"binary_data_size":12}}]}"#,
                "give one"
            ),
        ])
    func explainsRefusals(text: String, expected: String) {
        let error = #expect(throws: V2Error.self) { try V2Samples.decode(text) }
        #expect(error?.status == 400)
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test(
        "refuses lying lengths in Triton's words",
        arguments: [
            (500, 12, [UInt8](repeating: 0, count: 12), "inference header size should be in range"),
            (nil, 16, [UInt8](repeating: 0, count: 12), "expecting 4 additional bytes for model 'm'"),
            (nil, 12, [UInt8](repeating: 0, count: 13), "unexpected additional input data for model 'm'"),
            (nil, 8, [UInt8](repeating: 0, count: 8), "needs 12"),
        ])
    func refusesLyingLengths(headerLength: Int?, size: Int, tail: [UInt8], expected: String) {
        let header =
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":\#(size)}}]}"#
        let error = #expect(throws: V2Error.self) {
            try V2Samples.decode(header, headerLength: headerLength ?? header.utf8.count, tail: tail)
        }
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test("does not follow brackets into the depths")
    func refusesDepthBombs() {
        for bracket in ["[", "{\"a\":"] {
            let bomb = #"{"x":"# + String(repeating: bracket, count: 100_000)
            let error = #expect(throws: V2Error.self) { try V2Samples.decode(bomb) }
            #expect(error?.message.contains("deeper than 64") == true)
        }
    }

    @Test("survives every cut and a hundred thousand random changes of a good request")
    func survivesMutations() {
        let good = Array(
            #"{"id":"a","parameters":{"priority":1},"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[[1.5,-2e3,3],[4,5,6]]}],"outputs":[{"name":"y"}]}"#
                .utf8)
        var random = SeededGenerator()
        for end in 0..<good.count {
            #expect(throws: V2Error.self, "cut at \(end)") {
                try V2RequestDecoder.decode(
                    body: ByteBuffer(bytes: good[..<end]), headerLength: nil, signature: V2Samples.image, model: "m")
            }
        }
        var accepted = 0
        for _ in 0..<100_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            let request = try? V2RequestDecoder.decode(
                body: ByteBuffer(bytes: bytes),
                headerLength: [nil, 0, 60, bytes.count].randomElement(using: &random) ?? nil,
                signature: V2Samples.image, model: "m")
            if let request {
                accepted += 1
                #expect(throws: Never.self, "seed \(random.seed)") {
                    for input in request.inputs { try input.validate() }
                }
            }
        }
        #expect(accepted > 0)
    }
}

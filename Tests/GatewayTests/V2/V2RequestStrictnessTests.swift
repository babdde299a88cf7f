import NIOCore
import Tensors
import Testing

@testable import Gateway

@Suite struct V2RequestStrictnessTests {
    private static let input = #"{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}"#

    @Test(
        "refuses a known member that is given twice",
        arguments: [
            (#"{"id":"a","id":"b","inputs":[]}"#, "'id'"),
            (#"{"inputs":[],"inputs":[]}"#, "'inputs'"),
            (#"{"inputs":[],"outputs":[],"outputs":[]}"#, "'outputs'"),
            (#"{"parameters":{},"parameters":{},"inputs":[]}"#, "'parameters'"),
            (#"{"parameters":{"priority":1,"priority":1},"inputs":[]}"#, "'priority'"),
            (#"{"parameters":{"timeout":1,"timeout":1},"inputs":[]}"#, "'timeout'"),
            (#"{"parameters":{"deadline_ms":1,"deadline_ms":2},"inputs":[]}"#, "'deadline_ms'"),
            (
                #"{"parameters":{"binary_data_output":true,"binary_data_output":false},"inputs":[]}"#,
                "'binary_data_output'"
            ),
            (#"{"inputs":[{"name":"x","name":"x"}]}"#, "'name'"),
            (#"{"inputs":[{"datatype":"FP32","datatype":"FP32"}]}"#, "'datatype'"),
            (#"{"inputs":[{"shape":[1],"shape":[1]}]}"#, "'shape'"),
            (#"{"inputs":[{"data":[1],"\u0064ata":[1]}]}"#, "'data'"),
            (#"{"inputs":[{"parameters":{"binary_data_size":1,"binary_data_size":2}}]}"#, "'binary_data_size'"),
            (
                #"{"outputs":[{"name":"y","parameters":{"binary_data":true,"binary_data":true}}],"inputs":[]}"#,
                "'binary_data'"
            ),
            (
                #"{"outputs":[{"name":"y","parameters":{"classification":1,"classification":1}}],"inputs":[]}"#,
                "'classification'"
            ),
        ])
    func refusesDuplicates(text: String, member: String) {
        let error = #expect(throws: V2Error.self) { try V2Samples.decode(text) }
        #expect(error?.status == 400)
        #expect(error?.message.contains("\(member) is given twice") == true, "\(error?.message ?? "")")
    }

    @Test("takes null for an optional member that is absent")
    func acceptsNull() throws {
        let request = try V2Samples.decode(
            #"{"id":null,"parameters":null,"outputs":null,"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":null,"data":[1,2,3]}]}"#
        )
        #expect(request.id == nil)
        #expect(request.outputs.isEmpty)
        #expect(V2Samples.numbers(request, as: Float.self) == [1, 2, 3])
    }

    @Test("ignores members that it does not know, if they are JSON")
    func ignoresUnknownMembers() throws {
        let request = try V2Samples.decode(
            #"{"a":{"b":[1,-2.5e3,"\u00e9",true,false,null,{}]},"parameters":{"sequence_id":7},"inputs":["#
                + Self.input
                + "]}")
        #expect(request.inputs.count == 1)
    }

    @Test(
        "checks what it ignores",
        arguments: [
            "[1 2]", "[1,]", "{\"a\" 1}", "{1:2}", "nan", "tru", "truex", "01", "\"\\x\"", "\"\u{1}\"", "[1}", "",
            "'a'", "\"\\ud800\"",
        ])
    func checksIgnoredMembers(value: String) {
        let error = #expect(throws: V2Error.self, "\(value)") {
            try V2Samples.decode(#"{"a":\#(value),"inputs":[\#(Self.input)]}"#)
        }
        #expect(error?.status == 400)
    }

    @Test("refuses text that is no UTF-8, wherever it stands")
    func refusesInvalidUTF8() {
        let parts: [(String, String)] = [
            (#"{"id":""#, #"","inputs":[]}"#), (#"{""#, #"":1,"inputs":[]}"#), (#"{"z":""#, #"","inputs":[]}"#),
            (#"{"inputs":[{"name":""#, #""}]}"#),
            (#"{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":[""#, #""]}]}"#),
        ]
        for (before, after) in parts {
            for bad in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]] {
                let body = ByteBuffer(bytes: Array(before.utf8) + bad + Array(after.utf8))
                let error = #expect(throws: V2Error.self) {
                    try V2RequestDecoder.decode(
                        body: body, headerLength: nil, signature: V2Samples.signature(of: .bytes), model: "m")
                }
                #expect(error?.message.contains("not valid UTF-8") == true, "\(error?.message ?? "")")
            }
        }
    }

    private static let refusals: [(text: String, status: Int, message: String)] = [
        (#"{"inputs":[\#(input)],"outputs":[{"name":"y"},{"name":"y"}]}"#, 400, "output 'y' is requested twice"),
        (#"{"inputs":[\#(input),\#(input)]}"#, 400, "input 'x' is given twice"),
        (#"{"id":{"a":1},"inputs":[\#(input)]}"#, 400, "a string as 'id'"),
        (
            #"{"id":"\#(String(repeating: "i", count: 4_097))","inputs":[]}"#, 400,
            "'id' has 4097 bytes; allowed are 4096"
        ),
        (#"{"parameters":{"triton_x":1},"inputs":[]}"#, 400, "reserved"),
        (
            #"{"inputs":[{"name":"x","parameters":{"shared_memory_region":"r"}}]}"#, 501,
            "shared memory is not supported"
        ),
        (#"{"inputs":[],"outputs":[{"name":"y","parameters":{"shared_memory_region":"r"}}]}"#, 501, "shared memory"),
        (
            #"{"inputs":[{"name":"x","shape":[\#(Array(repeating: "1", count: 33).joined(separator: ","))]}]}"#, 400,
            "more than 32 dimensions"
        ),
        (#"{"inputs":[{"name":"x","shape":[1.5]}]}"#, 400, "at least 0, got 1.5"),
        (#"{"inputs":[{"name":"x","shape":"3"}]}"#, 400, "Unable to parse 'shape'"),
        (#"{"inputs":[{"name":"x","datatype":5}]}"#, 400, "Unable to parse 'datatype'"),
        // What an input is comes before what it holds.
        (
            #"{"inputs":[{"name":"imag","datatype":"FP32","shape":[1,3],"data":[1]}]}"#, 400,
            "unexpected inference input 'imag' for model 'm'; it takes ['x']"
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP64","shape":[1,3],"data":[1]}]}"#, 400,
            "data-type is 'FP64', but model 'm' expects 'FP32'"
        ),
        (
            #"{"inputs":[{"data":[1],"name":"x","datatype":"FP32","shape":[1,2]}]}"#, 400,
            "unexpected shape for input 'x' for model 'm'. Expected [-1,3], got [1,2]."
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1]}]}"#, 400,
            "shape [1,3] needs 3, got 1"
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[9000,3],"data":[[1,2,3],[4,5,6]]}]}"#, 400,
            "shape [9000,3] needs 27000, got 6"
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3,"],[", 5]}]}"#, 400,
            "shape [1,3] needs 3, got 5"
        ),
        // A slip of the pen would otherwise change nothing, in silence.
        (
            #"{"parameters":{"deadlin_ms":1},"inputs":[]}"#, 400,
            "'deadlin_ms' of the request is not known; did you mean 'deadline_ms'?"
        ),
        (
            #"{"parameters":{"color":1},"inputs":[]}"#, 400,
            "allowed: priority, timeout, deadline_ms, binary_data_output"
        ),
        (#"{"paramters":{},"inputs":[]}"#, 400, "did you mean 'parameters'?"),
        (#"{"inputs":[{"name":"x","dtype":"FP32","datatyp":"FP32"}]}"#, 400, "did you mean 'datatype'?"),
        (#"{"inputs":[{"name":"x","parameters":{"binary_size":3}}]}"#, 400, "parameter 'binary_size' of input 'x'"),
        (
            #"{"inputs":[],"outputs":[{"name":"y","parameters":{"binary":true}}]}"#, 400,
            "'binary' of an output is not known"
        ),
        (#"{"parameters":{"priority":"urgent"},"inputs":[]}"#, 400, #""high", "normal", "low", got "urgent""#),
        (#"{"parameters":{"priority":-1},"inputs":[]}"#, 400, #"or "high" (1), "normal" (2), "low" (3), got -1"#),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[[1,2,3],4,5,6]}]}"#, 400,
            "flat or nested exactly as its shape [2,3]"
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[1,2,3,[4,5,6]]}]}"#, 400,
            "nested deeper than its shape"
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,]}]}"#, 400,
            "element 2 of input 'x' is missing"
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,NaN,3]}]}"#, 400,
            "element 1 of input 'x' is NaN, but FP32 takes a finite number"
        ),
        (
            #"{"inputs":[{"name":"x","data":[1,NaN,3],"datatype":"FP32","shape":[1,3]}]}"#, 400,
            "element 1 of input 'x' is NaN, but FP32 takes a finite number"
        ),
        (
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":5}]}"#, 400,
            "at the start of the data of input 'x'"
        ),
        (
            #"{"parameters":{"timeout":1.5},"inputs":[]}"#, 400,
            "'timeout' must be a whole number from 0 to 86400000000, got 1.5"
        ),
        (
            #"{"parameters":{"binary_data_output":1},"inputs":[]}"#, 400,
            "true or false as parameter 'binary_data_output'"
        ),
    ]

    @Test("says what is wrong and what is allowed", arguments: refusals.indices)
    func explains(row: Int) {
        let (text, status, message) = Self.refusals[row]
        let error = #expect(throws: V2Error.self) { try V2Samples.decode(text) }
        #expect(error?.status == status)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "says what a type takes",
        arguments: [
            ("FP16", "1", "input 'x' of FP16 cannot be given in JSON; send it as binary data (binary_data_size)"),
            ("BF16", "1", "input 'x' of BF16 cannot be given in JSON; send it as binary data (binary_data_size)"),
            ("UINT8", "300", "element 0 of input 'x' is 300, but UINT8 takes a whole number from 0 to 255"),
            ("FP32", "\"nan\"", "or \"NaN\", \"Infinity\", \"-Infinity\""),
        ])
    func explainsTypes(type: String, value: String, message: String) throws {
        let elementType = try #require(ElementType(name: type))
        let error = #expect(throws: V2Error.self) {
            try V2Samples.decode(
                #"{"inputs":[{"name":"x","datatype":"\#(type)","shape":[1],"data":[\#(value)]}]}"#,
                V2Samples.signature(of: elementType))
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("or as FP32") == false)
    }

    @Test("reads NaN and the infinities as answers have them")
    func readsNotANumber() throws {
        let text = #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":["NaN", "Infinity" ,"-Infinity"]}]}"#
        let numbers = V2Samples.numbers(try V2Samples.decode(text), as: Float.self)
        #expect(numbers.first?.isNaN == true)
        #expect(Array(numbers.dropFirst()) == [.infinity, -.infinity])
    }

    @Test("takes what stock clients send and a model without state has no use for")
    func takesParametersOfClients() throws {
        let text =
            #"{"parameters":{"sequence_id":7,"sequence_start":true,"sequence_end":false,"headers":{"a":"b"},"content_type":"np","timeout":5,"priority":"high","binary_data_output":true},"custom":1,"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":{"content_type":"np"},"data":[1,2,3]}],"outputs":[{"name":"y","parameters":{"content_type":"np","binary_data":false}}]}"#
        let request = try V2Samples.decode(text)
        #expect(request.priority == 1)
        #expect(request.isBinaryByDefault)
        #expect(request.timeout == .microseconds(5))
    }

    @Test(
        "counts a priority from high to low", arguments: [("\"high\"", 1), ("\"normal\"", 2), ("\"low\"", 3), ("0", 0)])
    func readsPriority(text: String, priority: UInt64) throws {
        let body =
            #"{"parameters":{"priority":\#(text)},"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}"#
        #expect(try V2Samples.decode(body).priority == priority)
    }

    @Test("takes no header length outside the body", arguments: [-1, Int.min, 4, Int.max])
    func refusesHeaderLength(length: Int) {
        let error = #expect(throws: V2Error.self) { try V2Samples.decode("{ }", headerLength: length) }
        #expect(error?.message == "inference header size should be in range (0, 3), got: \(length)")
    }

    @Test("takes no size of a binary tensor beyond the body", arguments: [UInt64(13), UInt64(Int64.max)])
    func refusesHugeBinarySize(size: UInt64) {
        let header =
            #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":\#(size)}}]}"#
        let error = #expect(throws: V2Error.self) {
            try V2Samples.decode(header, headerLength: header.utf8.count, tail: Array(repeating: 0, count: 12))
        }
        #expect(
            error?.message == "unexpected size for input 'x', expecting \(size - 12) additional bytes for model 'm'")
    }

    @Test("cuts binary tensors out of the body without copying them")
    func sharesStorage() throws {
        let header = #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}]}"#
        let body = ByteBuffer(bytes: Array(header.utf8) + Array(repeating: 0, count: 12))
        let request = try V2RequestDecoder.decode(
            body: body, headerLength: header.utf8.count, signature: V2Samples.image, model: "m")
        let address = { (buffer: ByteBuffer) in buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } }
        #expect(address(try #require(request.inputs.first).bytes) == address(body) + UInt(header.utf8.count))
    }

    @Test("reads BOOL and BYTES, flat and nested")
    func readsBoolAndBytes() throws {
        let bool = try V2Samples.decode(
            #"{"inputs":[{"name":"x","datatype":"BOOL","shape":[3],"data":[true,false , true]}]}"#,
            V2Samples.signature(of: .bool))
        #expect(V2Samples.numbers(bool, as: UInt8.self) == [1, 0, 1])
        let nested = ModelSignature(
            inputs: [TensorSpecification(name: "x", elementType: .bytes, shape: [-1, 2])],
            outputs: [], maximumBatchSize: 4)
        let bytes = try V2Samples.decode(
            #"{"inputs":[{"name":"x","datatype":"BYTES","shape":[2,2],"data":[["a","\n\u00e9"],["","\ud83d\ude00"]]}]}"#,
            nested)
        var expected = ByteBuffer()
        for text in ["a", "\né", "", "😀"] {
            expected.writeInteger(UInt32(text.utf8.count), endianness: .little)
            expected.writeString(text)
        }
        #expect(bytes.inputs.first?.bytes == expected)
    }
}

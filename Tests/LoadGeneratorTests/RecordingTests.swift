import LoadGenerator
import NIOCore
import Tensors
import Testing

@Suite struct RecordingTests {
    private func message(_ text: String) -> String {
        do {
            _ = try Recording.parse(text.utf8, named: "r.jsonl")
            return ""
        } catch { return error.message }
    }

    @Test("reads tensors as JSON and as bytes, and what is expected")
    func reads() throws {
        let text = """
            {"name":"a","model":"digits","version":"1","inputs":[{"name":"x","datatype":"INT16","shape":[2,1],"data":[[1],[-2]]}],"expected":{"output":"y","argmax":[3,4]}}

            {"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["hé"]},{"name":"h","datatype":"FP16","shape":[1],"base64":"ADw="}],"expected":[{"values":[1,2],"tolerance":0.5},{"output":"t","texts":["a"]}]}
            """
        let requests = try Recording.parse(text.utf8, named: "r.jsonl")
        #expect(requests.count == 2)
        #expect(requests[0].inputs[0].bytes == [1, 0, 0xFE, 0xFF])
        #expect(requests[0].expected == [ExpectedOutput(output: "y", .argmax([3, 4]))])
        #expect(requests[1].inputs[0].bytes == [3, 0, 0, 0, 0x68, 0xC3, 0xA9])
        #expect(requests[1].inputs[1].bytes == [0x00, 0x3C])
        #expect(requests[1].expected.map(\.content) == [.values([1, 2], tolerance: 0.5), .texts(["a"])])
    }

    @Test(
        "says in which line something is wrong, and what",
        arguments: [
            (#"{"inputs":[{"name":"x","datatype":"INT8","shape":[1],"data":[300]}]}"#, "does not fit INT8"),
            (#"{"inputs":[{"name":"x","datatype":"INT8","shape":[2],"data":[3]}]}"#, "has 2 elements, 'data' has 1"),
            (#"{"inputs":[{"name":"x","datatype":"FP33","shape":[1],"data":[3]}]}"#, "'datatype' must be one of"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[-1],"data":[3]}]}"#, "'shape' must be"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"base64":"AAA="}]}"#, "needs 4 bytes"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1]}]}"#, "either 'data' or 'base64'"),
            (#"{"inputs":[{"name":"x","datatype":"FP32","shape":[99999999,99999999],"data":[]}]}"#, "more than"),
            (#"{"inputs":[],"expected":{}}"#, "at least one tensor"),
            (#"{"input":[]}"#, "unknown key 'input'"),
            (
                #"{"inputs":[{"name":"x","datatype":"INT8","shape":[1],"data":[3]}],"expected":{"output":"y"}}"#,
                "exactly one"
            ),
            ("{", "expected a member's name"),
        ])
    func refuses(line: String, words: String) {
        let good = #"{"inputs":[{"name":"x","datatype":"INT8","shape":[1],"data":[3]}]}"#
        let text = message(good + "\n" + line)
        #expect(text.hasPrefix("r.jsonl:2:"), "\(text)")
        #expect(text.contains(words), "\(text)")
    }

    @Test("refuses an empty and a missing recording")
    func empty() {
        #expect(message("\n\n").contains("no recorded request"))
        #expect(throws: LoadError.self) { try Recording.read(path: "/nonexistent/requests.jsonl") }
    }
}

@Suite struct InferAnswerTests {
    private func difference(_ response: HTTPResponse, _ content: ExpectedOutput.Content) throws -> String? {
        try InferAnswer(response).difference(from: [ExpectedOutput(output: "y", content)])
    }

    @Test("compares JSON and binary answers alike")
    func binary() throws {
        let header = #"{"outputs":[{"name":"y","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}}]}"#
        var body = ByteBuffer(string: header)
        for value: Float in [1, 2, 4, 3] { body.writeInteger(value.bitPattern, endianness: .little) }
        let binary = HTTPResponse(status: 200, inferenceHeaderLength: header.utf8.count, body: body)
        let json = HTTPResponse(
            status: 200,
            body: ByteBuffer(
                string: #"{"outputs":[{"name":"y","datatype":"FP32","shape":[2,2],"data":[[1,2],[4,3]]}]}"#))
        for response in [binary, json] {
            #expect(try difference(response, .argmax([1, 0])) == nil)
            #expect(try difference(response, .argmax([1, 1])) == "another class in output y")
            #expect(try difference(response, .argmax([1])) == "another class in output y")
            #expect(try difference(response, .values([1, 2, 4, 3.0004], tolerance: 0.001)) == nil)
            #expect(try difference(response, .values([1, 2, 4, 3.1], tolerance: 0.001)) != nil)
            #expect(try difference(response, .values([1], tolerance: 1)) != nil)
        }
    }

    @Test("takes a NaN for a difference")
    func nan() throws {
        let header = #"{"outputs":[{"name":"y","datatype":"FP64","shape":[1],"parameters":{"binary_data_size":8}}]}"#
        var body = ByteBuffer(string: header)
        body.writeInteger(Double.nan.bitPattern, endianness: .little)
        let response = HTTPResponse(status: 200, inferenceHeaderLength: header.utf8.count, body: body)
        #expect(try difference(response, .values([1], tolerance: 1e9)) != nil)
    }

    @Test(
        "refuses bodies that are no V2 response",
        arguments: [
            ("{}", nil), ("nothing", nil), (#"{"outputs":[{}]}"#, nil), (#"{"outputs":[]}tail"#, 14),
            (#"{"outputs":[]}"#, 99),
            (#"{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":400}}]}"#, 95),
        ] as [(String, Int?)])
    func malformed(body: String, headerLength: Int?) {
        let response = HTTPResponse(
            status: 200, inferenceHeaderLength: headerLength, body: ByteBuffer(string: body))
        #expect(throws: LoadError.self) { try InferAnswer(response) }
    }
}

@Suite struct LoadTargetTests {
    @Test(
        "reads the pieces of a URL",
        arguments: [
            ("http://127.0.0.1:8000", LoadTarget(host: "127.0.0.1", port: 8000)),
            ("localhost:81/", LoadTarget(host: "localhost", port: 81)),
            ("http://host/base/", LoadTarget(host: "host", port: 80, basePath: "/base")),
            ("http://[::1]:8000", LoadTarget(host: "::1", port: 8000)),
        ])
    func reads(url: String, target: LoadTarget) throws {
        #expect(try LoadTarget(url) == target)
    }

    @Test(
        "refuses others", arguments: ["https://a", "http://", "http://a:0", "http://a:x", "http://u@h:1", "http://a b"])
    func refuses(url: String) {
        #expect(throws: LoadError.self) { try LoadTarget(url) }
    }
}

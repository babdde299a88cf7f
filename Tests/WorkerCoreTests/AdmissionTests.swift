import Jobs
import NIOCore
import Tensors
import Testing
import WorkerTestSupport

@testable import WorkerCore

@Suite struct AdmissionTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var inputs: [Tensor]
        var outputs: [String] = []
        var text: String
        var testDescription: String { name }
    }

    static let refusals = [
        Refusal(name: "no input", inputs: [], text: "missing"),
        Refusal(name: "unknown input", inputs: [makeTensor("z", values: [1, 2])], text: "'z'"),
        Refusal(name: "wrong width", inputs: [makeTensor(values: [1, 2, 3], width: 3)], text: "[-1,2]"),
        Refusal(
            name: "wrong type",
            inputs: [Tensor(name: "x", elementType: .int32, shape: [1, 2], bytes: ByteBuffer(repeating: 0, count: 8))],
            text: "INT32"),
        Refusal(
            name: "too few bytes",
            inputs: [
                Tensor(name: "x", elementType: .float32, shape: [1, 2], bytes: ByteBuffer(repeating: 0, count: 4))
            ],
            text: "4 bytes"),
        Refusal(
            name: "no rows", inputs: [Tensor(name: "x", elementType: .float32, shape: [0, 2], bytes: ByteBuffer())],
            text: "at least one row"),
        Refusal(
            name: "rows that overflow",
            inputs: [Tensor(name: "x", elementType: .float32, shape: [Int.max, 2], bytes: ByteBuffer())],
            text: "9223372036854775807"),
        Refusal(name: "unknown output", inputs: [makeTensor(values: [1, 2])], outputs: ["q"], text: "'q'"),
    ]

    @Test("a job that does not fit the model is refused with what is wrong", arguments: refusals)
    func refuses(refusal: Refusal) throws {
        let job = try makeJob(1, inputs: refusal.inputs, outputs: refusal.outputs)
        switch Admission(signature: makeSignature()).examine(job) {
        case .admitted: Issue.record("was admitted")
        case .refused(let text): #expect(text.contains(refusal.text), "\(text)")
        }
    }

    @Test("requests share a group unless a dimension that the model leaves free differs")
    func groups() throws {
        let fixed = makeSignature()
        #expect(try admit(makeJob(1), signature: fixed).shapes == admit(makeJob(2, rows: 5), signature: fixed).shapes)
        let free = makeSignature(width: -1)
        let narrow = try admit(makeJob(1, width: 2), signature: free).shapes
        #expect(try admit(makeJob(2, rows: 3, width: 2), signature: free).shapes == narrow)
        #expect(try admit(makeJob(3, width: 3), signature: free).shapes != narrow)
    }

    @Test("a model without a batch dimension takes a request as one row, and its shape is a group")
    func unbatched() throws {
        let signature = makeSignature(width: -1, maximumBatchSize: nil)
        let admitted = try admit(makeJob(1, rows: 4), signature: signature)
        #expect(admitted.rows == 1)
        #expect(try admit(makeJob(1, rows: 3), signature: signature).shapes != admitted.shapes)
    }
}

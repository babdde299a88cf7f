import NIOCore
import Random
import Tensors
import Testing
import TestKit

@Suite struct TensorBatchTests {
    private func makeTensor(
        _ name: String, _ type: ElementType, rows: Int, perRow: Int, _ random: inout SeededGenerator
    ) -> Tensor {
        var bytes = ByteBuffer()
        for _ in 0..<(rows * perRow) {
            let width = type.byteWidth ?? Int.random(in: 0...5, using: &random)
            if type == .bytes { bytes.writeInteger(UInt32(width), endianness: .little) }
            for _ in 0..<width { bytes.writeInteger(UInt8.random(in: 0...(type == .bool ? 1 : 255), using: &random)) }
        }
        return Tensor(name: name, elementType: type, shape: [rows, perRow], bytes: bytes)
    }

    @Test("splits what it joined into what it was, for every element type", arguments: ElementType.allCases)
    func joinsAndSplits(type: ElementType) throws {
        var random = SeededGenerator()
        for _ in 0..<100 {
            let rows = (0..<Int.random(in: 1...6, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            let perRow = Int.random(in: 0...3, using: &random)
            let parts = rows.map { rows in
                [
                    makeTensor("a", type, rows: rows, perRow: perRow, &random),
                    makeTensor("b", .int8, rows: rows, perRow: 2, &random),
                ]
            }
            let joined = try TensorBatch.join(parts)
            for tensor in joined { try tensor.validate() }
            #expect(joined.map(\.rows) == Array(repeating: rows.reduce(0, +), count: 2), "seed \(random.seed)")
            #expect(try TensorBatch.split(joined, rows: rows) == parts, "seed \(random.seed)")
        }
    }

    @Test("returns the tensors of a single part, and splits into slices, without copying")
    func sharesStorage() throws {
        var random = SeededGenerator()
        let tensor = makeTensor("x", .bytes, rows: 6, perRow: 2, &random)
        let address = { (buffer: ByteBuffer) in buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } }
        let alone = try #require(try TensorBatch.join([[tensor]]).first)
        #expect(address(alone.bytes) == address(tensor.bytes))
        let parts = try TensorBatch.split([tensor], rows: [2, 4])
        #expect(address(try #require(parts.first?.first).bytes) == address(tensor.bytes))
        let second = try #require(parts.last?.first)
        #expect(
            address(second.bytes) == address(tensor.bytes)
                + UInt(tensor.bytes.readableBytes - second.bytes.readableBytes))
    }

    @Test("slices any range of rows as splitting does", arguments: [ElementType.float32, .bytes])
    func slices(type: ElementType) throws {
        var random = SeededGenerator()
        let tensor = makeTensor("x", type, rows: 7, perRow: 2, &random)
        for low in 0...7 {
            for high in low...7 {
                let slice = try tensor.slice(rows: low..<high)
                #expect([slice] == (try tensor.split(rows: [low, high - low, 7 - high]))[1...1].map(\.self))
                try slice.validate()
            }
        }
        for range in [5..<8, 8..<9] {
            #expect(throws: TensorError.self) { try tensor.slice(rows: range) }
        }
    }

    @Test("joins nothing to nothing")
    func joinsNothing() throws { #expect(try TensorBatch.join([]).isEmpty) }

    @Test("refuses parts that do not agree in number, name, type or row shape")
    func refusesDisagreement() {
        let empty = ByteBuffer()
        let tensor = Tensor(name: "x", elementType: .int8, shape: [0, 2], bytes: empty)
        let others: [[Tensor]] = [
            [], [tensor, tensor], [Tensor(name: "y", elementType: .int8, shape: [0, 2], bytes: empty)],
            [Tensor(name: "x", elementType: .uint8, shape: [0, 2], bytes: empty)],
            [Tensor(name: "x", elementType: .int8, shape: [0, 3], bytes: empty)],
            [Tensor(name: "x", elementType: .int8, shape: [], bytes: empty)],
        ]
        for other in others {
            #expect(throws: TensorError.self, "\(other)") { try TensorBatch.join([[tensor], other]) }
        }
    }

    @Test("refuses outputs whose first dimension does not count the batch's rows")
    func refusesForeignRows() {
        for shape in [Shape([]), [3], [5, 1]] {
            let output = Tensor(
                name: "y", elementType: .int8, shape: shape,
                bytes: ByteBuffer(bytes: Array(repeating: 0, count: shape.elementCount ?? 0)))
            let error = #expect(throws: TensorError.self) { try TensorBatch.split([output], rows: [2, 2]) }
            #expect(error?.description.contains("'y'") == true)
        }
    }

    @Test(
        "never traps on a shape that does not belong to the bytes",
        arguments: [
            [2, .max], [.max, 0], [.max, .max], [4, -1], [2, 0, -1], [2, 1 << 62], [1 << 62, 1 << 62, 0], [2, 3],
        ] as [[Int]])
    func survivesDishonestShapes(dimensions: [Int]) {
        for type in [ElementType.int8, .float64, .bytes] {
            let tensor = Tensor(
                name: "x", elementType: type, shape: Shape(dimensions), bytes: ByteBuffer(bytes: [1, 2, 3]))
            let isValid = (try? tensor.validate()) != nil
            #expect(!isValid)
            let rows = tensor.rows
            #expect(throws: TensorError.self) { try TensorBatch.split([tensor], rows: [rows - 1, 1]) }
            if let slice = try? tensor.slice(rows: (rows - 1)..<rows) {
                #expect(slice.bytes.readableBytes == 0, "only a row without elements may be cut")
            }
        }
        let claims = Tensor(name: "x", elementType: .int8, shape: [.max, 0], bytes: ByteBuffer())
        #expect(throws: TensorError.self) { try TensorBatch.join([[claims], [claims]]) }
    }

    @Test("refuses to join more than one buffer can hold")
    func tooLarge() throws {
        let part = Tensor(
            name: "x", elementType: .uint8, shape: [1, 64 << 20], bytes: ByteBuffer(repeating: 0, count: 64 << 20))
        let error = #expect(throws: TensorError.self) {
            try TensorBatch.join(Array(repeating: [part], count: 64))
        }
        #expect(error?.description.contains("4294967296 bytes") == true)
        #expect(error?.description.contains("'x'") == true)
    }

    @Test(
        "counts bytes without overflow",
        arguments: [
            ((1 << 32) - 1, 1, 0, Optional((1 << 32) - 1)), (1 << 30, 4, 0, nil), (Int.max, 8, 0, nil),
            (1, 4, Int.max, nil),
            (10, 4, 3, 43),
        ] as [(Int, Int, Int, Int?)])
    func size(elements: Int, width: Int, others: Int, size: Int?) {
        #expect(Tensor.size(elements: elements, width: width, beside: others) == size)
    }
}

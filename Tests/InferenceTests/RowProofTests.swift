import NIOCore
import Settings
import Tensors
import TestSupport
import Testing

@testable import Inference

@Suite struct RowProofTests {
    /// As a worker decides it.
    private func joining(
        _ model: MadeModel, wish: JoiningWish = .proven, shapes: [String: Shape] = [:]
    ) throws -> Joining {
        try Models.with(model.bytes) { repository in
            let settings = ModelSettings(name: "made", batching: BatchingSettings(joining: wish))
            let backend = try Models.registry(repository).load(settings)
            switch try settings.outlook(over: backend.signature, rows: backend.rows) {
            case .settled(let joining): return joining
            case .open:
                return try RowProof.run(
                    backend.makeInstance(), signature: backend.signature, evidence: backend.rows.evidence,
                    shapes: shapes, maximumRows: 64, bounds: .init(needed: .seconds(30), further: .seconds(5)))
            }
        }
    }

    @Test("proves rows that are independent", arguments: ModelKind.independent.map(\.name))
    func proves(name: String) throws {
        let kind = try #require(ModelKind.all.first { $0.name == name })
        #expect(try joining(kind.model) == .rows(.proven))
    }

    @Test(
        "proves nothing of rows that depend on each other, and says what it found",
        arguments: ModelKind.dependent.map(\.name))
    func refuses(name: String) throws {
        let kind = try #require(ModelKind.all.first { $0.name == name })
        let joining = try joining(kind.model)
        #expect(!joining.joinsRows)
        #expect(joining.reason.contains("requests run whole"), "\(joining.reason)")
    }

    @Test(
        "proves the committed models by the rows beside them",
        arguments: [("digits", ["image": "images"]), ("magika", ["bytes": "bytes"])])
    func committed(name: String, samples: [String: String]) throws {
        let backend = try Models.registry().load(.init(name: name, samples: samples))
        #expect(backend.rows.evidence.obstacle == nil)
        let proven = try RowProof.run(
            backend.makeInstance(), signature: backend.signature, evidence: backend.rows.evidence,
            samples: backend.samples(for: backend.signature), maximumRows: 4)
        #expect(proven == .rows(.proven))
    }

    @Test("a model that takes no made-up row is not joined, unless its file gives shapes")
    func notRunnable() throws {
        // Runs with a second dimension of 7, 14 or 21 only.
        let picky = MadeModel(
            [MadeModel.Node("Reshape", ["x", "sevens"], ["y"])], inputs: [.init("x", ["batch", .free])],
            outputs: [.init("y", ["batch", .free, 7])],
            weights: [.integers("sevens", [3], [0, -1, 7])])
        let joining = try joining(picky)
        #expect(!joining.joinsRows && joining.reason.contains("made-up rows"), "\(joining.reason)")
        #expect(try self.joining(picky, shapes: ["x": [1, 7]]) == .rows(.proven))
        #expect(try self.joining(picky, wish: .rows) == .rows(.asked))
    }

    @Test("a model that takes too long is not joined")
    func tooLong() throws {
        let backend = try Models.load("digits")
        let joining = try RowProof.run(
            backend.makeInstance(), signature: backend.signature, evidence: .none, maximumRows: 4,
            bounds: .init(needed: .zero, further: .zero))
        #expect(joining.reason.contains("longer than 0.0 seconds"), "\(joining.reason)")
    }

    @Test("never runs what has no shape: an operator that wants dimensions ends the process without")
    func unknownRank() throws {
        let transform = MadeModel(
            [MadeModel.Node("DFT", ["x"], ["y"])], inputs: [.init("x", nil)], outputs: [.init("y", nil)])
        try Models.with(transform.bytes) { repository in
            let backend = try Models.load("made", repository)
            #expect(backend.signature.inputs.map(\.rank) == [.unknown])
            let outcome = try WarmUp.run(backend.makeInstance(), signature: backend.signature, rows: 1)
            #expect(outcome.problem == "the model's file gives no shape for input 'x'")
        }
        #expect(try joining(transform).reason.contains("gives no shape for input 'x'"))
    }

    @Test("warms a model up with the shapes that its file gives")
    func givenShapes() throws {
        let picky = MadeModel(
            [MadeModel.Node("Reshape", ["x", "sevens"], ["y"])], inputs: [.init("x", ["batch", .free])],
            outputs: [.init("y", ["batch", .free, 7])], weights: [.integers("sevens", [3], [0, -1, 7])])
        try Models.with(picky.bytes) { repository in
            let backend = try Models.load("made", repository)
            let instance = try backend.makeInstance()
            #expect(try WarmUp.run(instance, signature: backend.signature, rows: 2).problem != nil)
            let given = try WarmUp.run(instance, signature: backend.signature, shapes: ["x": [1, 14]], rows: 2)
            #expect(given.measured?.rows == 2)
        }
    }
}

@Suite struct OperatorEvidenceTests {
    private func evidence(_ model: MadeModel, integers: Bool = false) -> OperatorEvidence? {
        model.bytes.withUnsafeBytes { bytes in
            ONNXGraph.read(bytes: bytes).map {
                OperatorEvidence.of($0.graph, functions: $0.functions, integers: integers)
            }
        }
    }

    private func model(_ nodes: [MadeModel.Node], weights: [MadeModel.Weight] = []) -> MadeModel {
        MadeModel(
            nodes, inputs: [.init("x", ["batch", 4])], outputs: [.init("y", ["batch", 4])], weights: weights)
    }

    @Test("says nothing of operators that keep to their row, and of sizes that come of shapes")
    func silent() {
        for kind in ModelKind.independent { #expect(evidence(kind.model)?.obstacle == nil, "\(kind.name)") }
    }

    @Test("speaks against what takes its scale from the whole run, asks lots, or counts values")
    func speaks() {
        let found = Dictionary(
            uniqueKeysWithValues: ModelKind.dependent.compactMap { kind in
                evidence(kind.model)?.obstacle.map { (kind.name, $0) }
            })
        #expect(found["quantised by the run"]?.contains("DynamicQuantizeLinear") == true)
        #expect(found["detections"]?.contains("NonZero") == true)
        #expect(found["rows above nought"]?.contains("Compress") == true)
        #expect(found["each row once"]?.contains("Unique") == true)
        #expect(found["the mean of the run in training mode"]?.contains("training") == true)
        let lots = model([.init("RandomNormalLike", ["x"], ["r"]), .init("Add", ["x", "r"], ["y"])])
        #expect(evidence(lots)?.obstacle?.contains("random") == true)
    }

    @Test("follows values into graphs of graphs, where a decision is one for the whole run")
    func nested() {
        let branch = MadeModel([.init("Neg", ["x"], ["o"])], inputs: [], outputs: [.init("o", ["batch", 4])])
        let decision: [MadeModel.Node] = [
            .init("ReduceMax", ["x"], ["m"]), .init("Greater", ["m", "bound"], ["c"]),
            .init("If", ["c"], ["y"], [("then_branch", .graph(branch)), ("else_branch", .graph(branch))]),
        ]
        #expect(
            evidence(model(decision, weights: [.floats("bound", [], [1])]))?.obstacle?.contains(
                "an If decides by values")
                == true)
        let hidden = MadeModel(
            [.init("RandomUniformLike", ["x"], ["o"])], inputs: [], outputs: [.init("o", ["batch", 4])])
        let inside = model(
            [.init("If", ["c"], ["y"], [("then_branch", .graph(branch)), ("else_branch", .graph(hidden))])])
        #expect(evidence(inside)?.obstacle?.contains("random") == true)
    }

    @Test("keeps made-up integers from being indices that are too large, and divisors that are nought")
    func values() {
        let indexing = model(
            [.init("Gather", ["table", "x"], ["y"])], weights: [.floats("table", [2, 2], [1, 2, 3, 4])])
        #expect(evidence(indexing, integers: true)?.values == .small)
        #expect(evidence(indexing, integers: false)?.values == .any)
        let dividing = model([.init("Div", ["x", "x"], ["y"])])
        #expect(evidence(dividing, integers: true)?.values == .smallPositive)
        let casting = model([.init("Cast", ["x"], ["i"], [("to", .integer(7))]), .init("Gather", ["t", "i"], ["y"])])
        #expect(evidence(casting, integers: false)?.values == .small)
        // A class by its place among the scores, as scikit-learn's converter writes it.
        let label = model([
            .init("ArgMax", ["x"], ["i"]), .init("Cast", ["i"], ["c"], [("to", .integer(6))]),
            .init("ArrayFeatureExtractor", ["classes", "c"], ["y"], domain: "ai.onnx.ml"),
        ])
        #expect(evidence(label)?.values == .any)
    }

    @Test("every beginning of a model is read or refused, never a trap")
    func truncated() {
        let bytes = ModelKind.dependent.first { $0.name == "scanned" }?.model.bytes ?? []
        for length in 0..<bytes.count {
            _ = Array(bytes[..<length]).withUnsafeBytes { ONNXGraph.read(bytes: $0) }
        }
        #expect(bytes.withUnsafeBytes { ONNXGraph.read(bytes: $0) }?.graph.nodes.first?.graphs.count == 1)
    }

    @Test("graphs nested beyond all sense are refused")
    func deep() {
        var model = MadeModel([.init("Identity", ["x"], ["y"])], inputs: [], outputs: [.init("y", nil)])
        for _ in 0..<200 {
            model = MadeModel(
                [.init("If", ["x"], ["y"], [("then_branch", .graph(model))])], inputs: [], outputs: [.init("y", nil)])
        }
        #expect(model.bytes.withUnsafeBytes { ONNXGraph.read(bytes: $0) } == nil)
    }
}

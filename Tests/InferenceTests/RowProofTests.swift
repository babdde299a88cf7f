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

    @Test("an influence below the tolerance is found bit for bit at every place, also where time is short")
    func weakInfluence() throws {
        let kind = try #require(ModelKind.all.first { $0.name.contains("beside great numbers") })
        try Models.with(kind.model.bytes) { repository in
            let backend = try Models.load("made", repository)
            let joining = try RowProof.run(
                backend.makeInstance(), signature: backend.signature, evidence: backend.rows.evidence, maximumRows: 4,
                bounds: .init(needed: .seconds(30), further: .zero))
            #expect(joining.reason.contains("another by itself than beside others"), "\(joining.reason)")
        }
    }

    @Test("names and shapes of the file that are not the model's are refused, with what it has")
    func examples() throws {
        let backend = try Models.load("digits")
        func problem(_ change: (inout ModelSettings) -> Void) -> String? {
            var settings = ModelSettings(name: "digits")
            change(&settings)
            do {
                _ = try settings.outlook(over: backend.signature, rows: backend.rows)
                return nil
            } catch {
                return error.message
            }
        }
        #expect(problem { $0.warmUp = ["image": [1, 64]] } == nil)
        #expect(
            problem { $0.warmUp = ["imgae": [1, 64]] }
                == "'warm_up' in the file of model 'digits' names 'imgae', which is no input; it has: image; did you mean 'image'?"
        )
        #expect(problem { $0.samples = ["picture": "images"] }?.contains("'picture', which is no input") == true)
        #expect(
            problem { $0.warmUp = ["image": [1, 8, 8]] }?.contains("[1,8,8] for input 'image', which takes") == true)
        #expect(problem { $0.warmUp = ["image": [1, 63]] }?.contains("[1,63] for input 'image'") == true)
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
                OperatorEvidence.of($0.graph, functions: $0.functions, versions: $0.versions, integers: integers)
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
            .init("Greater", ["x", "bound"], ["c"]),
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

    @Test("follows calls of functions: only what depends on values speaks against it, with the names of each its own")
    func functions() {
        func called(_ function: MadeModel.Function, _ operands: [String]) -> OperatorEvidence? {
            var model = model([
                .init("Shape", ["x"], ["s"]),
                .init(function.name, operands, ["y"], domain: MadeModel.functionDomain),
            ])
            model.functions = [function]
            return evidence(model)
        }
        let shaped = MadeModel.Function("Shaped", ["a", "b"], ["y"], [.init("Reshape", ["a", "b"], ["y"])])
        #expect(called(shaped, ["x", "s"])?.obstacle == nil)
        #expect(called(shaped, ["s", "x"])?.obstacle?.contains("Reshape") == true)
        // Its own `x` is not the model's.
        let alien = MadeModel.Function(
            "Alien", ["a", "b"], ["y"], [.init("Shape", ["a"], ["x"]), .init("Reshape", ["a", "x"], ["y"])])
        #expect(called(alien, ["x", "s"])?.obstacle == nil)
        let branch = MadeModel([.init("Neg", ["a"], ["o"])], inputs: [], outputs: [.init("o", ["batch", 4])])
        let deciding = MadeModel.Function(
            "Deciding", ["a"], ["y"],
            [
                .init("Cast", ["a"], ["c"], [("to", .integer(9))]),
                .init("If", ["c"], ["y"], [("then_branch", .graph(branch)), ("else_branch", .graph(branch))]),
            ])
        #expect(called(deciding, ["x"])?.obstacle?.contains("an If decides by values") == true)
        // What it decides by the number of rows is another answer for who comes with others.
        #expect(called(deciding, ["s"])?.obstacle?.contains("the number of rows") == true)
        let itself = MadeModel.Function(
            "Itself", ["a"], ["y"], [.init("Itself", ["a"], ["y"], domain: MadeModel.functionDomain)])
        #expect(called(itself, ["x"])?.obstacle?.contains("cannot be followed") == true)
    }

    @Test("functions that call each other without end in sight are not followed to it", .timeLimit(.minutes(1)))
    func manyCalls() {
        // Each calls the next twice: 2^30 calls.
        let functions = (0..<30).map { level in
            MadeModel.Function(
                "F\(level)", ["a"], ["y"],
                [
                    .init(level == 29 ? "Neg" : "F\(level + 1)", ["a"], ["b"], domain: level == 29 ? "" : "own"),
                    .init(level == 29 ? "Neg" : "F\(level + 1)", ["b"], ["y"], domain: level == 29 ? "" : "own"),
                ])
        }
        var model = model([.init("F0", ["x"], ["n"], domain: "own"), .init("NonZero", ["n"], ["y"])])
        model.functions = functions
        #expect(evidence(model)?.obstacle?.contains("cannot be followed") == true)
    }

    @Test("what goes round a loop depends on what comes in from outside, some rounds later")
    func carried() throws {
        let kind = try #require(ModelKind.all.first { $0.name == "rounds until all rows together are done" })
        #expect(evidence(kind.model)?.obstacle?.contains("ReduceMax takes the rows of a run together") == true)
        // Two rounds from x to the sizes: a takes x, b takes a, and b is how often something is repeated.
        let body = MadeModel(
            [
                .init("Identity", ["x"], ["a1"]), .init("Identity", ["a"], ["b1"]), .init("Tile", ["z", "b"], ["t"]),
                .init("Identity", ["c"], ["c1"]),
            ], inputs: ["i", "c", "a", "b"].map { .init($0, []) },
            outputs: ["c1", "a1", "b1", "t"].map { .init($0, []) })
        let loop = model(
            [.init("Loop", ["n", "t", "p", "q"], ["u", "v", "y"], [("body", .graph(body))])],
            weights: [
                .integers("n", [], [3]), .booleans("t", [], [true]), .floats("p", [1, 4], [1, 2, 3, 4]),
                .floats("q", [1, 4], [1, 2, 3, 4]), .floats("z", [2], [1, 2]),
            ])
        #expect(evidence(loop)?.obstacle?.contains("from round to round") == true)
    }

    @Test("the order of the nodes in a file does not matter")
    func unsorted() {
        let nodes: [MadeModel.Node] = [
            .init("NonZero", ["b"], ["y"]), .init("Neg", ["a"], ["b"]), .init("Neg", ["x"], ["a"]),
        ]
        #expect(evidence(model(nodes))?.obstacle?.contains("NonZero") == true)
        #expect(evidence(model(nodes.reversed()))?.obstacle?.contains("NonZero") == true)
    }

    @Test(
        "an operator of another domain that is called like a known one is unknown; graphs of functions speak against it"
    )
    func lookalikes() {
        let shape = model([.init("Shape", ["x"], ["s"], domain: "somebody"), .init("Reshape", ["z", "s"], ["y"])])
        #expect(evidence(shape)?.obstacle?.contains("Shape is not known") == true)
        let class_ = model([
            .init("ArgMax", ["x"], ["i"], domain: "somebody"), .init("Gather", ["t", "i"], ["y"]),
        ])
        #expect(evidence(class_)?.values == .small)
        let likeness = model([.init("CastLike", ["x", "i"], ["c"]), .init("Div", ["z", "c"], ["y"])])
        #expect(evidence(likeness)?.values == .smallPositive)
        let body = MadeModel([.init("Neg", ["x"], ["o"])], inputs: [], outputs: [.init("o", nil)])
        var call = model([.init("F", ["x"], ["y"], [("body", .graph(body))], domain: MadeModel.functionDomain)])
        call.functions = [.init("F", ["a"], ["b"], [.init("Neg", ["a"], ["b"])])]
        #expect(evidence(call)?.obstacle?.contains("cannot be followed") == true)
    }

    @Test("an integer that reaches an operator of another domain may be a place: it stays small")
    func foreign() {
        let rotating = model([.init("RotaryEmbedding", ["h", "x", "cos", "sin"], ["y"], domain: "com.microsoft")])
        let own = model([.init("Lookup", ["x"], ["y"], domain: "somebody")])
        for model in [rotating, own] {
            #expect(evidence(model, integers: true)?.values == .small)
        }
        #expect(evidence(rotating, integers: false)?.values == .any)
        // It may make integers of its own.
        #expect(evidence(own, integers: false)?.values == .small)
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

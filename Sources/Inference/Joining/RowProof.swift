package import Tensors

/// Proves by runs that a model's first dimension counts rows that are independent of each other: the same rows alone, two
/// and three together, in another order and beside other neighbours, at two unequal sizes of every other free dimension,
/// give the same.
///
/// A run on made-up rows can miss what depends on values that were not made up, so everything that a graph says against it
/// comes first (`OperatorEvidence`), and outputs are counted in every run after it.
///
/// | tried | compared | catches |
/// |---|---|---|
/// | a row alone, three together, two in another order | within 1e-5 | sums, sorting, recurrence, attention over rows; positions |
/// | outputs' first dimension at 1, 2 and 3 rows | equal | detections, time-major outputs, rows against rows |
/// | each place in a run of the same shape, beside other rows | bit for bit | weak or rare influence, thresholds |
/// | neighbours of great size, of zeros, of NaN | within 1e-5 | the same |
/// | as many rows as a batch may have | within 1e-5 | what changes with the number of rows |
/// | each output differs between rows | differs | answers that say nothing |
package struct RowProof {
    /// How long it may take.
    package struct Bounds: Sendable {
        /// Of what is needed: beyond it nothing is proven. Default 10 s.
        package var needed: Duration
        /// Of what is tried beyond that. Default 200 ms.
        package var further: Duration

        package init(needed: Duration = .seconds(10), further: Duration = .milliseconds(200)) {
            self.needed = needed
            self.further = further
        }
    }

    let instance: any BackendInstance
    let signature: ModelSignature
    let evidence: OperatorEvidence
    let maker: MadeUpRows
    let bounds: Bounds
    let now: @Sendable () -> ContinuousClock.Instant
    let started: ContinuousClock.Instant
    /// What one row took lately.
    var rowCost = Duration.zero
    /// Of each output, in the order of the signature: whether two rows have ever differed, and whether it was ever finite.
    private var varied: [Bool] = []
    private var spoke: [Bool] = []
    private var reference: [Tensor] = []
    private var comparedExactly = false
    private var names: [String] = []
    private var types: [ElementType] = []

    /// Runs the proof on `instance`. Blocking, within `bounds` and one run more.
    ///
    /// - Parameters:
    ///   - signature: whose first dimensions are free (`JoiningOutlook.open`).
    ///   - shapes: what the model's file gives for a run (`warm_up`), by input.
    ///   - samples: rows of real inputs, each with a first dimension of 1, in the order of the signature; the first are used.
    ///   - maximumRows: the most rows of a batch.
    ///   - now: what its time is taken by.
    /// - Throws: only `modelUnavailable`.
    package static func run(
        _ instance: any BackendInstance, signature: ModelSignature, evidence: OperatorEvidence,
        shapes: [String: Shape] = [:], samples: [[Tensor]] = [], maximumRows: Int, bounds: Bounds = Bounds(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) throws(InferenceError) -> Joining {
        var rows = signature
        rows.maximumBatchSize = maximumRows
        var proof = RowProof(instance, rows, evidence, bounds, now)
        do throws(Stop) {
            try proof.prove(shapes: shapes, samples: samples, maximumRows: maximumRows)
            return .rows(.proven)
        } catch {
            switch error {
            case .unproven(let reason): return .none(.unproven(reason))
            case .unavailable(let error): throw error
            }
        }
    }

    enum Stop: Error {
        case unproven(String)
        case unavailable(InferenceError)
    }

    private init(
        _ instance: any BackendInstance, _ signature: ModelSignature, _ evidence: OperatorEvidence, _ bounds: Bounds,
        _ now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.now = now
        started = now()
        self.instance = instance
        self.signature = signature
        self.evidence = evidence
        self.bounds = bounds
        maker = MadeUpRows(signature, values: evidence.values)
    }

    // MARK: The proof

    private mutating func prove(shapes: [String: Shape], samples: [[Tensor]], maximumRows: Int) throws(Stop) {
        let real = samples.filter { row in row.map(\.shape) == samples.first?.map(\.shape) }
        if real.count >= 3 {
            try compare(Array(real.prefix(3)), beside: Array(real.dropFirst(3).prefix(2)))
            // Real rows of the only size there is: made-up ones are neighbours only. What no caller sends can round far
            // worse (Magika: 6e-5 where real files give 3e-6).
            let only = MadeUpSizes.pairs(for: signature, given: shapes).first ?? []
            if only.count == 1, let sizes = only.first { return try prove(with: real, sizes, maximumRows) }
        }
        let found = try runnable(shapes)
        for sizes in found.sizes {
            let rows = (0..<3).map { maker.row($0, found.kind, sizes) }
            try compare(rows, beside: try running([3, 4].map { maker.row($0, found.kind, sizes) }))
        }
        guard let sizes = found.sizes.first else { throw .unproven("no size could be made up") }
        for kind in MadeUpRows.Kind.allCases where kind != found.kind && kind != .missing && isCheap(rows: 8) {
            guard kind.isAllowed(evidence.values) else { continue }
            let rows = try running((0..<3).map { maker.row($0, kind, sizes) })
            if rows.count == 3 { try compare(rows, beside: []) }
        }
        let some = try running((0..<8).map { maker.row($0, found.kind, sizes) })
        try compareNeighbours(some, sizes)
        try compareMany(some, maximumRows)
        try checkThatOutputsSay()
    }

    private mutating func prove(with real: [[Tensor]], _ sizes: MadeUpSizes, _ maximumRows: Int) throws(Stop) {
        if sizes.isSmallEnough(signature) { try compareNeighbours(real, sizes) }
        try compareMany(real, maximumRows)
        try checkThatOutputsSay()
    }

    /// Those that run by themselves: an index can be too large in one row and not in another. All, where rows of the model
    /// cannot differ in that.
    private mutating func running(_ rows: [[Tensor]]) throws(Stop) -> [[Tensor]] {
        guard differInRunning else {
            guard let first = rows.first, try answer([first]) != nil else { return [] }
            return rows
        }
        var running: [[Tensor]] = []
        for row in rows where try answer([row]) != nil { running.append(row) }
        return running
    }

    private var differInRunning: Bool { evidence.values != .any || signature.takesIntegers }

    /// The first sizes and values that the model runs on by themselves.
    private mutating func runnable(
        _ shapes: [String: Shape]
    ) throws(Stop) -> (sizes: [MadeUpSizes], kind: MadeUpRows.Kind) {
        var last = "its inputs are too large"
        let kinds: [MadeUpRows.Kind] = [.mixed, .counts, .fractions, .constants]
        for sizes in MadeUpSizes.pairs(for: signature, given: shapes)
        where sizes.allSatisfy({ $0.isSmallEnough(signature) }) {
            for kind in kinds {
                guard now() - started < bounds.needed else { throw .unproven(tooLong) }
                do throws(InferenceError) {
                    for size in sizes {
                        for row in 0..<(differInRunning ? 3 : 1) {
                            let begin = now()
                            _ = try instance.run(maker.row(row, kind, size), rows: 1, requestedOutputs: [])
                            rowCost = now() - begin
                        }
                    }
                    return (sizes, kind)
                } catch {
                    if error.code == .modelUnavailable { throw .unavailable(error) }
                    last = error.message
                }
            }
        }
        throw .unproven(
            "it cannot be proven that rows are independent, since the model does not run on made-up rows (\(last))")
    }

    /// Three rows alone, together, and two of them in another order; then each place beside other rows.
    private mutating func compare(_ rows: [[Tensor]], beside others: [[Tensor]]) throws(Stop) {
        try needTime(rows: 11)
        var alone: [[Tensor]] = []
        for row in rows { alone.append(try split([row])[0]) }
        for order in [[0, 1, 2], [2, 0], [2, 0, 1]] {
            let together = try split(order.map { rows[$0] })
            for (place, row) in order.enumerated() { try same(alone[row], together[place], .rounding) }
        }
        note(alone)
        // Once bit for bit: at a second size where there is time.
        guard !comparedExactly || isCheap(rows: 15) else { return }
        try needTime(rows: 15)
        comparedExactly = true
        let usual = try split(rows)
        // A backend whose runs differ by themselves is held to the tolerance only.
        let strictness = try split(rows) == usual ? RowComparison.Strictness.bits : .rounding
        for place in rows.indices {
            let beside = others.count == 2 ? others : Array(repeating: rows[(place + 1) % 3], count: 2)
            var changed = beside
            changed.insert(rows[place], at: place)
            try same(usual[place], try split(changed)[place], strictness)
        }
    }

    /// Beside rows of other sizes, of zeros, of NaN.
    private mutating func compareNeighbours(_ rows: [[Tensor]], _ sizes: MadeUpSizes) throws(Stop) {
        guard let row = rows.first, let other = rows.dropFirst().first else { return }
        let alone = try split([row])[0]
        var neighbours: [[[Tensor]]] = [[3, 4].map { maker.row($0, .counts, sizes) }]
        if evidence.values == .any { neighbours.append([5, 6].map { maker.row($0, .wide, sizes) }) }
        if evidence.values == .any, !evidence.ordersValues {
            neighbours.append([7, 8].map { maker.row($0, .missing, sizes) })
        }
        for pair in neighbours where isCheap(rows: 3) {
            // What does not run beside such rows does not answer wrongly.
            guard let outputs = try answer([pair[0], row, pair[1]]) else { continue }
            try same(alone, try parts(outputs, rows: 3)[1], .rounding)
        }
        guard isCheap(rows: 3) else { return }
        let twice = try split([row, row, other])
        try same(alone, twice[0], .rounding)
        try same(alone, twice[1], .rounding)
    }

    /// As many rows as a batch may have.
    private mutating func compareMany(_ some: [[Tensor]], _ maximumRows: Int) throws(Stop) {
        var count = maximumRows
        while count > 3, !isCheap(rows: count + 8) { count /= 2 }
        guard count > 3, !some.isEmpty else { return }
        let order = (0..<count).map { ($0 * 5 + $0 / 8) % some.count }
        let together = try split(order.map { some[$0] })
        for row in 0..<min(some.count, count) {
            let alone = try split([some[row]])[0]
            note([alone])
            for place in 0..<count where order[place] == row {
                try same(alone, together[place], .rounding)
            }
        }
    }

    private func checkThatOutputsSay() throws(Stop) {
        for index in names.indices where !spoke[index] {
            throw .unproven(
                "it cannot be proven that rows are independent, since output '\(names[index])' was no finite number for any made-up row"
            )
        }
        let numbersVary = names.indices.contains { varied[$0] && RowComparison.isFloatingPoint(types[$0]) }
        for index in names.indices where !varied[index] {
            // A class may be the same for every made-up row where its score is not.
            if numbersVary, !RowComparison.isFloatingPoint(types[index]) { continue }
            throw .unproven(
                "it cannot be proven that rows are independent, since output '\(names[index])' was the same for every made-up row"
            )
        }
    }

    // MARK: What outputs say

    /// Remembers which outputs say something.
    private mutating func note(_ answers: [[Tensor]]) {
        guard let first = answers.first else { return }
        if names.isEmpty {
            names = first.map(\.name)
            types = first.map(\.elementType)
            varied = names.map { _ in false }
            spoke = names.map { _ in false }
            reference = first
        }
        for answer in answers {
            for index in answer.indices where varied.indices.contains(index) {
                spoke[index] = spoke[index] || RowComparison.saysSomething(answer[index])
                varied[index] =
                    varied[index]
                    || (answer[index].shape == reference[index].shape && answer[index].bytes != reference[index].bytes)
            }
        }
    }
}

/// What a model's file asks for: `batching: rows`, `batching: none`, or nothing.
package enum JoiningWish: String, Sendable, CaseIterable {
    /// Rows are joined and requests cut, unless shapes forbid it: the operator knows that rows are independent.
    case rows
    /// Every request runs whole and by itself.
    case none
    /// Not said: joined where nothing speaks against it and the load proves it.
    case proven
}

/// Whether requests of a model share a run and large ones are cut in several, with the reason. An answer depends on its
/// own request alone, so nothing is joined on a guess.
package enum Joining: Sendable, Equatable {
    case rows(Ground)
    /// A request runs whole, whatever its first dimension counts.
    case none(Obstacle)

    package enum Ground: Sendable, Equatable {
        /// `batching: rows`.
        case asked
        /// The backend keeps rows apart by its nature.
        case construction
        /// Rows alone and together gave the same at load.
        case proven
    }

    package enum Obstacle: Sendable, Equatable {
        /// `batching: none`.
        case asked
        /// An input or output has no first dimension that is free.
        case shapes(String)
        /// The names of axes, or the graph's operators, speak against it.
        case evidence(String)
        /// The load could not prove it.
        case unproven(String)
        /// Outputs had not the rows of the inputs, or parts of a request did not fit together.
        case refuted(String)
    }

    package var joinsRows: Bool {
        switch self {
        case .rows: true
        case .none: false
        }
    }

    /// Whether it is as the operator asked, or joined: then nobody has to do anything.
    package var isExpected: Bool {
        switch self {
        case .rows, .none(.asked), .none(.shapes): true
        case .none(.evidence), .none(.unproven), .none(.refuted): false
        }
    }

    /// One line: what is done, why, and what to write where that is not wanted.
    package var reason: String {
        switch self {
        case .rows(.asked): "rows are joined: 'batching: rows' asks for it"
        case .rows(.construction): "rows are joined: the backend keeps them apart"
        case .rows(.proven): "rows are joined: at load, rows alone and together gave the same"
        case .none(.asked): "requests run whole: 'batching: none' asks for it"
        case .none(.shapes(let why)): "requests run whole, neither joined nor cut: \(why)"
        case .none(.evidence(let why)), .none(.unproven(let why)):
            "requests run whole, neither joined nor cut: \(why). \(Self.advice)"
        case .none(.refuted(let why)):
            "requests run whole from now on, neither joined nor cut: \(why). Write 'batching: none' in model.yaml"
        }
    }

    private static let advice =
        "If rows are independent of each other, write 'batching: rows' in model.yaml; if not, 'batching: none'"
}

/// What is known of a model's joining before it is loaded.
package enum JoiningOutlook: Sendable, Equatable {
    case settled(Joining)
    /// Nothing speaks against it; the load has to prove it.
    case open

    /// Decides what can be decided from a model's file and its settings.
    ///
    /// | asked | shapes, names, operators | then |
    /// |---|---|---|
    /// | `none` | | never |
    /// | `rows` | an input or output has no free first dimension | never: there is nothing to cut |
    /// | `rows` | | joined |
    /// | nothing | speak against it | never |
    /// | nothing | | open |
    ///
    /// - Parameters:
    ///   - ports: of the model itself, with the outputs that its file leaves out: they are run all the same.
    ///   - operators: what the graph's operators say against it, if they do.
    package init(
        wish: JoiningWish, inputs: [TensorSpecification], outputs: [TensorSpecification], operators: String? = nil
    ) {
        switch wish {
        case .none: self = .settled(.none(.asked))
        case .rows:
            let obstacle = Self.shapes(inputs, outputs)
            self = .settled(
                obstacle.map { .none(.shapes("'batching: rows' cannot be, since \($0)")) } ?? .rows(.asked))
        case .proven:
            if let obstacle = Self.shapes(inputs, outputs) {
                self = .settled(.none(.shapes(obstacle)))
            } else if let obstacle = Self.names(inputs, outputs) ?? operators {
                self = .settled(.none(.evidence(obstacle)))
            } else {
                self = .open
            }
        }
    }

    /// One line for somebody who has not started anything.
    package var reason: String {
        switch self {
        case .settled(let joining): joining.reason
        case .open:
            "rows are joined if the load proves that they are independent, else requests run whole; 'batching: rows' or 'batching: none' in model.yaml settles it"
        }
    }

    /// Whether it is settled that rows are joined.
    package var joinsRows: Bool {
        switch self {
        case .settled(let joining): joining.joinsRows
        case .open: false
        }
    }

    private static func shapes(_ inputs: [TensorSpecification], _ outputs: [TensorSpecification]) -> String? {
        if inputs.isEmpty { return "the model takes no input" }
        if let unknown = inputs.first(where: { $0.rank == .unknown }) {
            return "the model's file gives no shape for input '\(unknown.name)'"
        }
        for (kind, ports) in [("input", inputs), ("output", outputs)] {
            guard let fixed = ports.first(where: { !$0.mayCountRows }) else { continue }
            return "\(kind) '\(fixed.name)' of shape \(fixed.shape) has no free first dimension"
        }
        return nil
    }

    /// Names of axes that say that the first does not count the rows of a request.
    ///
    /// - Source: CLIP as exported (two batch axes, one output over both); time-major outputs of recurrent models.
    private static func names(_ inputs: [TensorSpecification], _ outputs: [TensorSpecification]) -> String? {
        let firsts = inputs.compactMap { input in input.axisName(0).map { (input: input.name, axis: $0) } }
        if let first = firsts.first, let other = firsts.first(where: { $0.axis != first.axis }) {
            return
                "inputs '\(first.input)' and '\(other.input)' begin with axes of different names, '\(first.axis)' and '\(other.axis)'"
        }
        for output in outputs {
            guard let name = output.axisName(0), !firsts.contains(where: { $0.axis == name }) else { continue }
            for input in inputs {
                guard let index = input.axisNames.indices.first(where: { $0 > 0 && input.axisNames[$0] == name }) else {
                    continue
                }
                return "output '\(output.name)' begins with '\(name)', which is axis \(index) of input '\(input.name)'"
            }
        }
        // A later axis of an output that is the inputs' first: rows against rows.
        for output in outputs {
            guard let first = firsts.first,
                let index = output.axisNames.indices.first(where: { $0 > 0 && output.axisNames[$0] == first.axis })
            else { continue }
            return "axis \(index) of output '\(output.name)' is '\(first.axis)', with which the inputs begin"
        }
        return nil
    }
}

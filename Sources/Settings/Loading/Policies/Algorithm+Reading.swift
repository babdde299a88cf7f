package import Scaling

extension Algorithm {
    /// The algorithm that `algorithm` names, with the parameters of the section of its name. The sections of the others
    /// may stand, too, and are checked, so that changing over is one word.
    package init(reading reader: SettingsReader, registry: AlgorithmRegistry = .builtIn) {
        let names = registry.names()
        let chosen = reader.parsed(
            "algorithm", expected: "one of \(names.joined(separator: ", "))", suggesting: names
        ) { names.contains($0) ? $0 : nil }
        var algorithm = Algorithm.spate
        for type in registry.algorithms where !type.isMade {
            let section = Algorithm(reader.section(of: type))
            if type.name == chosen { algorithm = section }
        }
        self = algorithm
    }
}

extension SettingsReader {
    fileprivate func section<Other: ScalingAlgorithm>(of type: Other.Type) -> any ScalingAlgorithm {
        mapping(Other.name) { reader in
            let algorithm = reader.parameters(Other.parameters, over: Other.standard)
            if let finding = algorithm.finding {
                reader.report("'\(finding.parameter)': \(finding.message)", at: finding.parameter)
            }
            return algorithm
        }
    }

    /// `values` with what is given of the declared parameters.
    func parameters<Values>(_ parameters: [Parameter<Values>], over values: Values) -> Values {
        var changed = values
        var sections: [String] = []
        for parameter in parameters {
            guard let section = parameter.section else {
                if let value = value(of: parameter.name, parameter.kind) { parameter.set(&changed, value) }
                continue
            }
            if !sections.contains(section) { sections.append(section) }
        }
        for section in sections {
            changed = mapping(section) { reader in
                var inner = changed
                for parameter in parameters where parameter.section == section {
                    if let value = reader.value(of: parameter.name, parameter.kind) { parameter.set(&inner, value) }
                }
                return inner
            }
        }
        return changed
    }

    private func value(of name: String, _ kind: ParameterKind) -> ParameterValue? {
        switch kind {
        case .duration(let range): duration(name, in: range).map(ParameterValue.duration)
        case .count(let range): integer(name, in: range).map(ParameterValue.count)
        case .number(let range): number(name, in: range).map(ParameterValue.number)
        case .choice(let words):
            parsed(name, expected: kind.range, suggesting: words) { words.contains($0) ? .choice($0) : nil }
        }
    }
}

/// What is declared of a parameter: all that a file, a command line, a manual and a page need to know.
package struct ParameterDeclaration: Sendable, Equatable {
    /// In snake_case: the one spelling, in files and on command lines.
    package var name: String
    /// The section of a cluster file that it stands in below its algorithm's; `nil`: in the algorithm's own. A command
    /// line has no sections.
    package var section: String?
    package var kind: ParameterKind
    /// What is counted, as in `jobs`; `nil` for durations, choices and bare ratios.
    package var unit: String?
    /// As it is written in a cluster file, or in words what happens where it is not given.
    package var standard: String
    /// One sentence: what it does.
    package var summary: String
}

/// One parameter of `Root`: its declaration and its place in the value.
package struct Parameter<Root: Sendable>: Sendable {
    package typealias Path<Value> = any WritableKeyPath<Root, Value> & Sendable

    package let name: String
    package let section: String?
    package let kind: ParameterKind
    package let unit: String?
    package let summary: String
    /// What happens where it is not given and the value has none; `nil` where there always is one.
    let absence: String?
    let path: any PartialKeyPath<Root> & Sendable
    package let value: @Sendable (Root) -> ParameterValue?
    /// Does nothing with a value of another kind.
    package let set: @Sendable (inout Root, ParameterValue) -> Void

    /// - Parameter standard: whose value is the default.
    package func declaration(standard: Root) -> ParameterDeclaration {
        ParameterDeclaration(
            name: name, section: section, kind: kind, unit: unit,
            standard: value(standard)?.description ?? absence ?? "none", summary: summary)
    }
}

extension Parameter {
    package init(_ name: String, _ path: Path<Duration>, in range: ClosedRange<Duration>, _ summary: String) {
        self.init(
            name: name, section: nil, kind: .duration(range), unit: nil, summary: summary, absence: nil, path: path,
            value: { .duration($0[keyPath: path]) },
            set: { root, value in if case .duration(let duration) = value { root[keyPath: path] = duration } })
    }

    /// - Parameter absence: what happens without it, as in `as measured`.
    package init(
        _ name: String, _ path: Path<Duration?>, in range: ClosedRange<Duration>, absent absence: String,
        _ summary: String
    ) {
        self.init(
            name: name, section: nil, kind: .duration(range), unit: nil, summary: summary, absence: absence,
            path: path, value: { $0[keyPath: path].map(ParameterValue.duration) },
            set: { root, value in if case .duration(let duration) = value { root[keyPath: path] = duration } })
    }

    package init(
        _ name: String, _ path: Path<Double>, in range: ClosedRange<Double>, unit: String? = nil, _ summary: String
    ) {
        self.init(
            name: name, section: nil, kind: .number(range), unit: unit, summary: summary, absence: nil, path: path,
            value: { .number($0[keyPath: path]) },
            set: { root, value in if case .number(let number) = value { root[keyPath: path] = number } })
    }

    package init(
        _ name: String, _ path: Path<Double?>, in range: ClosedRange<Double>, unit: String? = nil,
        absent absence: String, _ summary: String
    ) {
        self.init(
            name: name, section: nil, kind: .number(range), unit: unit, summary: summary, absence: absence, path: path,
            value: { $0[keyPath: path].map(ParameterValue.number) },
            set: { root, value in if case .number(let number) = value { root[keyPath: path] = number } })
    }

    package init(
        _ name: String, _ path: Path<Int>, in range: ClosedRange<Int>, unit: String, _ summary: String
    ) {
        self.init(
            name: name, section: nil, kind: .count(range), unit: unit, summary: summary, absence: nil, path: path,
            value: { .count($0[keyPath: path]) },
            set: { root, value in if case .count(let count) = value { root[keyPath: path] = count } })
    }

    package init(
        _ name: String, _ path: Path<Int?>, in range: ClosedRange<Int>, unit: String, absent absence: String,
        _ summary: String
    ) {
        self.init(
            name: name, section: nil, kind: .count(range), unit: unit, summary: summary, absence: absence, path: path,
            value: { $0[keyPath: path].map(ParameterValue.count) },
            set: { root, value in if case .count(let count) = value { root[keyPath: path] = count } })
    }

    /// One of the words of an enumeration.
    package init<Choice>(_ name: String, _ path: Path<Choice>, _ summary: String)
    where Choice: RawRepresentable & CaseIterable & Sendable, Choice.RawValue == String {
        self.init(
            name: name, section: nil, kind: .choice(Choice.allCases.map(\.rawValue)), unit: nil, summary: summary,
            absence: nil, path: path, value: { .choice($0[keyPath: path].rawValue) },
            set: { root, value in
                if case .choice(let word) = value, let choice = Choice(rawValue: word) { root[keyPath: path] = choice }
            })
    }

    /// `inner`, of a part of the value, in a section of its own.
    package init<Part>(_ inner: Parameter<Part>, of part: Path<Part>, section: String) {
        self.init(
            name: inner.name, section: section, kind: inner.kind, unit: inner.unit, summary: inner.summary,
            absence: inner.absence, path: part, value: { inner.value($0[keyPath: part]) },
            set: { root, value in inner.set(&root[keyPath: part], value) })
    }
}

/// A value whose parameters are declared beside it.
package protocol Parameterized: Sendable {
    /// In the order in which a manual lists them.
    static var parameters: [Parameter<Self>] { get }
    /// Whose values are the defaults.
    static var standard: Self { get }
}

extension Parameterized {
    package static var declarations: [ParameterDeclaration] {
        parameters.map { $0.declaration(standard: standard) }
    }

    /// The declaration of the parameter that is stored at `path`, for those who write a file.
    package static func declaration<Value>(_ path: Parameter<Self>.Path<Value>) -> ParameterDeclaration {
        guard let parameter = parameters.first(where: { $0.path == path }) else {
            preconditionFailure("\(Self.self) declares no parameter for \(path)")
        }
        return parameter.declaration(standard: standard)
    }
}

/// Why a parameter was not taken, in words that say what would be.
package struct ParameterError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

extension Parameter {
    /// Takes `text` as a command line has it.
    package func take(_ text: String, into root: inout Root) throws(ParameterError) {
        guard let value = kind.value(text) else {
            throw ParameterError("'\(name)' must be \(kind.expectation), got '\(text)'")
        }
        set(&root, value)
    }
}

extension [ParameterDeclaration] {
    /// What to say of a name that none of these has.
    ///
    /// - Parameter owner: who has these, as in `keda-lag`.
    package func unknown(_ name: String, of owner: String) -> ParameterError {
        let right = Self.snakeCase(name)
        if contains(where: { $0.name == right }) { return ParameterError("'\(name)' is written \(right)") }
        let known = map(\.name).joined(separator: ", ")
        return ParameterError("'\(name)' is no parameter of \(owner); it has: \(known.isEmpty ? "none" : known)")
    }

    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { text, letter in
            if letter.isUppercase { text += "_" }
            text += letter.lowercased()
        }
    }
}

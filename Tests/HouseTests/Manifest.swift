/// What `Package.swift` says of the targets, read as text.
struct Manifest {
    struct Target: Sendable {
        var name: String
        var folder: String
        var dependencies: Set<String>
    }

    let targets: [Target]
    /// Names of the targets of the pure layer.
    let pure: [String]

    /// The constants at the head of the manifest that stand for products.
    private let products: [String: String]

    init(_ text: String) {
        var products: [String: String] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("let ") && line.contains(".product(name: ") {
            let name = line.dropFirst(4).prefix { $0 != " " }
            products[String(name)] = Self.quoted(line).first
        }
        self.products = products
        let body = text.components(from: "let pure: [Target]")
        var targets: [Target] = []
        for kind in [".target(", ".testTarget(", ".executableTarget("] {
            for part in body.pieces(after: kind) {
                guard let target = Self.target(part.upToBalance(), kind, products) else { continue }
                targets.append(target)
            }
        }
        self.targets = targets
        let pureText = body.prefix(upTo: "let adapters: [Target]")
        pure = pureText.pieces(after: ".target(").compactMap { Self.quoted($0).first }
    }

    private static func target(_ text: Substring, _ kind: String, _ products: [String: String]) -> Target? {
        guard let name = quoted(text).first else { return nil }
        var folder = (kind == ".testTarget(" ? "Tests/" : "Sources/") + name
        if let path = text.pieces(after: "path: ").first.flatMap({ quoted($0).first }) { folder = path }
        var dependencies: Set<String> = []
        if let list = text.pieces(after: "dependencies: [").first?.upToBalance("[", "]") {
            for product in list.pieces(after: ".product(name: ") { dependencies.formUnion(quoted(product).prefix(1)) }
            var rest = ""
            var isProduct = false
            // Names of packages are none of modules.
            for part in list.split(separator: ",") {
                if part.contains(".product(") { isProduct = true }
                if !isProduct { rest += part + "," }
                if isProduct, part.contains(")") { isProduct = false }
            }
            dependencies.formUnion(quoted(Substring(rest)))
            for word in rest.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
                if let product = products[String(word)] { dependencies.insert(product) }
            }
        }
        return Target(name: name, folder: folder, dependencies: dependencies)
    }

    private static func quoted(_ text: Substring) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
    }
}

extension StringProtocol {
    /// From the first `mark` on; all where there is none.
    func components(from mark: String) -> Substring {
        range(of: mark).map { Substring(self[$0.lowerBound...]) } ?? Substring(self)
    }

    func prefix(upTo mark: String) -> Substring {
        range(of: mark).map { Substring(self[..<$0.lowerBound]) } ?? Substring(self)
    }

    /// What follows each `mark`, to the end of the text.
    func pieces(after mark: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = Substring(self)
        while let found = rest.range(of: mark) {
            rest = rest[found.upperBound...]
            pieces.append(rest)
        }
        return pieces
    }

    /// Up to where the bracket that is open at its begin is closed.
    func upToBalance(_ open: Character = "(", _ close: Character = ")") -> Substring {
        var depth = 1
        for index in indices {
            if self[index] == open { depth += 1 }
            if self[index] == close { depth -= 1 }
            if depth == 0 { return Substring(self[..<index]) }
        }
        return Substring(self)
    }

    private func range(of mark: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            let rest = self[start...]
            if rest.hasPrefix(mark) { return start..<index(start, offsetBy: mark.count) }
            start = index(after: start)
        }
        return nil
    }
}

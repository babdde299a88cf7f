import Foundation

/// One measured figure beside its goal.
struct BenchLine: Codable {
    enum Goal: Codable, Equatable {
        case atLeast(Double)
        case below(Double)
        /// Shown for comparison.
        case none
    }

    var name: String
    var value: Double
    var unit: String
    var goal: Goal = .none

    var isMet: Bool? {
        switch goal {
        case .atLeast(let least): value >= least
        case .below(let limit): value < limit
        case .none: nil
        }
    }

    var text: String { "\(name): \(Self.number(value)) \(unit)\(goalText.isEmpty ? "" : " (\(goalText))")" }

    private var goalText: String {
        let verdict = isMet.map { $0 ? "met" : "NOT met" } ?? ""
        return switch goal {
        case .atLeast(let least): "goal at least \(Self.number(least)), \(verdict)"
        case .below(let limit): "goal below \(Self.number(limit)), \(verdict)"
        case .none: ""
        }
    }

    /// As a Markdown table.
    static func table(_ lines: [BenchLine]) -> String {
        let rows = lines.map { "| \($0.name) | \(number($0.value)) \($0.unit) | \($0.goalText) |" }
        return (["| measured | value | goal |", "|---|---|---|"] + rows).joined(separator: "\n")
    }

    private static func number(_ value: Double) -> String {
        String(format: abs(value) >= 100 ? "%.0f" : "%.2f", value)
    }
}

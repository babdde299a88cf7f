import Testing

@testable import WorkerCore

@Suite struct InputBudgetTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: Int
        var appetite = 10
        var held = 5
        var bytesPerJob: Double? = 10
        var allowed: Int
        var testDescription: String { name }
    }

    @Test(
        "jobs are allowed as far as their inputs fit",
        arguments: [
            Case(name: "room for all", bytes: 0, allowed: 10),
            Case(name: "room for four", bytes: 60, allowed: 4),
            Case(name: "room for less than one", bytes: 99, allowed: 1),
            Case(name: "no room", bytes: 100, allowed: 0),
            Case(name: "no room, nothing held", bytes: 200, held: 0, allowed: 1),
            Case(name: "no appetite", bytes: 200, appetite: 0, held: 0, allowed: 0),
            Case(name: "unknown size", bytes: 0, bytesPerJob: nil, allowed: 1),
            Case(name: "no inputs to speak of", bytes: 0, bytesPerJob: 0, allowed: 10),
        ])
    func allowed(row: Case) {
        let allowed = InputBudget(limit: 100).allowed(
            row.appetite, bytes: row.bytes, jobs: row.held, bytesPerJob: row.bytesPerJob)
        #expect(allowed == row.allowed)
    }

    @Test("room is told once, when it comes back")
    func room() {
        let budget = InputBudget(limit: 100)
        #expect(!budget.hasRoom(after: 100, before: 130))
        #expect(budget.hasRoom(after: 99, before: 100))
        #expect(!budget.hasRoom(after: 98, before: 99))
    }
}

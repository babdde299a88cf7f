import Testing

@testable import Gateway

@Suite struct BodyBudgetTests {
    @Test("shares add up to the limit; what does not fit is refused with the figures and changes nothing")
    func bounds() throws {
        let budget = BodyBudget(limit: 100)
        let (first, second) = (budget.makeShare(), budget.makeShare())
        try first.add(60)
        try second.add(40)
        #expect(throws: RequestBodyError.noRoom(held: 100, limit: 100)) { try second.add(1) }
        #expect(budget.held == 100)
        first.release()
        #expect(budget.held == 40)
        try second.add(60)
        second.release()
        second.release()
        #expect(budget.held == 0)
    }
}

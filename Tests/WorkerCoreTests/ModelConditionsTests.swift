import Jobs
import Testing
import WorkerTestSupport

@testable import WorkerCore

@Suite struct ModelConditionsTests {
    @Test("there is hope while a model is loaded or on its way")
    func hope() throws {
        let (a, b) = (try makeQueueName("a"), try makeQueueName("b"))
        var conditions = ModelConditions(of: [a, b])
        #expect(conditions.hope == .some && !conditions.areSettled)
        conditions[a] = .failed(reason: "no file", isOverdue: false)
        #expect(conditions.hope == .some)
        conditions[b] = .loaded
        #expect(conditions.hope == .some && conditions.areSettled && !conditions.areLoaded)
    }

    @Test("without any there is none, and each model's reason is said")
    func none() throws {
        let (a, b) = (try makeQueueName("a"), try makeQueueName("b"))
        var conditions = ModelConditions(of: [b, a])
        conditions[a] = .failed(reason: "no file", isOverdue: false)
        conditions[b] = .failed(reason: "too slow", isOverdue: true)
        #expect(
            conditions.hope == .none(reasons: ["model 'a': no file", "model 'b': too slow"], isOverdue: true))
        #expect(conditions.reports.map(\.queue) == ["a.1", "b.1"])
        #expect(conditions.reports.allSatisfy { $0.state == .failed })
        #expect(ModelConditions(of: []).hope == .noModels)
    }
}

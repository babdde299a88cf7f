import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite struct ModelCatalogTests {
    @Test("a file that hangs holds nobody up, and is read by one only", .timeLimit(.minutes(1)))
    func hangingFile() async throws {
        var broken = try GatewayHarness().catalog.models[0]
        let mended = broken
        broken.problem = "its file cannot be read"
        let disk = DispatchSemaphore(value: 0)
        let reads = Atomic(0)
        let catalog = ModelCatalog([broken]) { _ in
            reads.add(1, ordering: .relaxed)
            disk.wait()
            return mended
        }
        func problem() -> String? {
            guard case .found(let model) = catalog.find("m", version: nil) else { return "not found" }
            return model.problem
        }
        #expect(problem() == broken.problem)
        // Beyond the second after which a file is looked at again.
        try await Task.sleep(for: .milliseconds(1_100))
        for _ in 0..<3 { #expect(problem() == broken.problem) }
        disk.signal()
        try await eventually("the mended file") { problem() == nil }
        #expect(reads.load(ordering: .relaxed) == 1)
    }
}

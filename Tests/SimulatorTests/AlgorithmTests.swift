import FoundationEssentials
import Scaling
import Testing
import Time

@testable import Simulator

/// An algorithm as a stranger would add one: this file, and a line in a registry.
private struct Nearest: ScalingAlgorithm {
    var jobsPerWorker = 10.0
    var hold = Duration.seconds(5)
    var mode = Mode.up

    enum Mode: String, Sendable, Codable, CaseIterable { case up, down }

    struct Memory: AlgorithmMemory {
        var since: Timestamp?
        var count = 0
    }

    static let name = "nearest"
    static let summary = "So many jobs a worker."
    static let standard = Nearest()
    static let parameters: [Parameter<Nearest>] = [
        Parameter("jobs_per_worker", \.jobsPerWorker, in: 1...1_000, unit: "jobs", "Jobs a worker."),
        Parameter("hold", \.hold, in: .zero ... .seconds(60), "How long a count stays."),
        Parameter("mode", \.mode, "How a part of a worker is rounded."),
    ]

    func wish(for pool: PoolLoad, at now: Timestamp, memory: inout Memory) -> PoolWish {
        if let since = memory.since, now - since < hold { return PoolWish(count: memory.count) }
        let exact = pool.ongoing / jobsPerWorker
        memory = Memory()
        memory.since = now
        memory.count = Int(exact.rounded(mode == .up ? .up : .down))
        return PoolWish(count: memory.count, exact: exact)
    }
}

@Suite("An algorithm is one file and one line") struct AlgorithmTests {
    private let registry = AlgorithmRegistry(AlgorithmRegistry.builtIn.algorithms + [Nearest.self])

    @Test("a registered one is named, set, listed and simulated like those that are built in")
    func added() throws {
        let contender = try Contender(text: "nearest:jobs_per_worker=2,mode=down,minimum=1", registry: registry)
        #expect(contender.policy.algorithm == Algorithm(Nearest(jobsPerWorker: 2, mode: .down)))
        let result = Simulator.run(try makeScenario([(0, 600), (60, 6_000), (120, 600)]), contender)
        #expect(result.finished > 0 && result.starts > 1)
        #expect(registry.names().last == "nearest")
        let text = AlgorithmManual(registry).text(of: "nearest")
        #expect(text.contains("jobs_per_worker") && text.contains("jobs from 1 to 1000; default: 10"))
        #expect(throws: ContenderError.self) { try Contender(text: "nearest:jobs_per_worker=0", registry: registry) }
        #expect(throws: ContenderError.self) { try Contender(text: "nearest") }
    }

    @Test("what it remembers is kept for it, and forgotten when another one decides")
    func memory() {
        var world = KnownWorld(Algorithm(Nearest()))
        world.waiting = 30
        #expect(world.look().wanted == 3)
        world.waiting = 100
        #expect(world.look().wanted == 3, "held")
        world.now = world.now + .seconds(5)
        #expect(world.look().wanted == 10)
        world.policy.algorithm = Algorithm(FixedCount(workers: 1))
        #expect(world.look().wanted == 1)
        world.waiting = 20
        world.policy.algorithm = Algorithm(Nearest())
        #expect(world.look().wanted == 2)
    }

    @Test("every parameter takes its default and the ends of its range, is set by its name, and has a sentence")
    func declarations() throws {
        for algorithm in everyAlgorithm {
            #expect(Set(algorithm.declarations.map(\.name)).count == algorithm.declarations.count)
            for parameter in algorithm.declarations {
                #expect(parameter.summary.hasSuffix("."))
                #expect(parameter.name == parameter.name.lowercased())
                var changed = algorithm
                var differs = false
                for text in parameter.kind.examples {
                    try changed.set(parameter.name, to: text)
                    differs = differs || changed != algorithm
                }
                #expect(differs, "\(algorithm.name).\(parameter.name) has a place of its own")
                if parameter.kind.value(parameter.standard) != nil {
                    try changed.set(parameter.name, to: parameter.standard)
                    #expect(changed == algorithm, "\(algorithm.name).\(parameter.name)")
                }
            }
        }
    }

    @Test("what a search found is a contender", arguments: [24.0, nil] as [Double?])
    func searched(deadline: Double?) throws {
        let candidate = PolicySearch.Candidate(
            deadline: deadline, targetUtilization: 0.925, targetWait: 0.25, scaleInWindow: 30, minimum: 2,
            attainment: 1, workerSeconds: 1, cost: 1)
        let contender = try Contender(text: candidate.text)
        #expect(contender.policy.targetUtilization == 0.925)
        #expect(contender.policy.scaleInWindow == .seconds(30))
        #expect(contender.policy.models.first?.deadline == deadline.map { .seconds($0) })
        #expect(contender.policy.pools.first?.minimum == 2)
        #expect(deadline != nil || contender.policy.targetWait == .milliseconds(250))
    }

    @Test("a state survives JSON with what an algorithm remembers")
    func state() throws {
        for algorithm in everyAlgorithm {
            var world = KnownWorld(algorithm)
            world.waiting = 50
            world.busy = 2
            _ = world.pass(40)
            let data = try JSONEncoder().encode(world.state)
            #expect(try JSONDecoder().decode(PolicyState.self, from: data) == world.state)
        }
    }
}

extension ParameterKind {
    /// Texts of the ends of its range, or of its words.
    fileprivate var examples: [String] {
        switch self {
        case .duration(let range): [range.upperBound, range.lowerBound].map { "\(ParameterValue.duration($0))" }
        case .count(let range): ["\(range.upperBound)", "\(range.lowerBound)"]
        case .number(let range): ["\(range.upperBound)", "\(range.lowerBound)"]
        case .choice(let words): words
        }
    }
}

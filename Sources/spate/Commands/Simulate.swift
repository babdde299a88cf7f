import ArgumentParser
import Foundation
import Scaling
import Simulator
import Time

/// `spate simulate`
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try policies on a trace under simulated time, beside known autoscalers and the best possible.",
        discussion: """
            A trace is the name of a built-in one (`--list`), or a file: a table of times and counts (`time,count`), a
            recording of `spate record`, or one arrival a line. Times on the command line have their unit, as in 30s. A policy is a name, with parameters if you like, spelled as in a cluster file (`spate algorithms` lists them):
            `spate:target_utilization=0.9`, `hpa`, `keda-lag:lag_count=50`, `fixed:workers=4`. The production code decides;
            docs/simulation.md says what is simulated and what is not.
            """)

    @Option(help: "A built-in trace or a file.") var trace = "morning-peak"
    @Option(help: "The policy in question.") var policy = "spate"
    @Option(help: "Policies to compare it with, separated by spaces or commas.")
    var against = "hpa,keda-lag,knative-kpa,ray,aws-backlog,fixed"
    @OptionGroup var cluster: SimulatedCluster
    @Flag(help: "Follow every job through the production queue model and batch assembler (slower).") var perJob = false
    @Option(help: "Arrivals, start-up times and losses follow from it.") var seed: UInt64 = 1
    @Flag(help: "Run all built-in traces and say where the policy wins and loses.") var suite = false
    @Flag(help: "Find the cheapest parameters of the policy that meet the objective.") var search = false
    @Option(help: "Share of the deadlines that a search must meet, above 0 to 1.") var objective = 0.999
    @Option(help: "Simulate the run that this JSON report of `spate load` or `spate rehearse` tells of, and compare.")
    var compare: String?
    @Option(
        help: "Time that a real call takes beside its wait and its batch, for --compare. Default 2ms.",
        transform: TimeOption.parse) var overhead: Duration = .milliseconds(2)
    @Option(help: "Where the last comparison with a real run is kept.") var reality = ".spate/simulation-reality.json"
    @Option(help: "Write the result as JSON.") var json: String?
    @Option(help: "Write the result as one HTML page.") var html: String?
    @Flag(help: "Simulate a day of a billion requests and say how long it took.") var benchmark = false
    @Flag(help: "List the built-in traces.") var list = false

    func validate() throws {
        guard objective > 0, objective <= 1 else { throw ValidationError("--objective must be above 0, at most 1") }
    }

    func run() throws {
        do {
            if list { return try SimulationConsole.list() }
            if benchmark { return try runBenchmark() }
            if let compare { return try runComparison(with: compare) }
            if search { return try runSearch() }
            try runPolicies()
        } catch let code as ExitCode {
            throw code
        } catch {
            Terminal.error("spate simulate: \(error)")
            throw ExitCode(64)
        }
    }

    private var fidelity: Fidelity { perJob ? .jobs : .cohorts }

    private func scenarios() throws -> [Scenario] {
        if suite {
            return try BuiltInScenario.allCases.map { try cluster.over($0.scenario(seed: seed)) }
        }
        if let builtIn = BuiltInScenario(rawValue: trace) { return [try cluster.over(builtIn.scenario(seed: seed))] }
        return [try cluster.scenario(file: trace, seed: seed)]
    }

    private func contenders() throws -> [Contender] {
        let base = try cluster.policy()
        // The oracle has its line anyway.
        return try ([policy] + SimulationConsole.names(against)).filter { $0 != "oracle" }.map {
            try Contender(text: $0, base: base)
        }
    }

    private func runPolicies() throws {
        let contenders = try contenders()
        var comparisons: [Comparison] = []
        let display = SimulationConsole()
        for scenario in try scenarios() {
            comparisons.append(
                Comparison(scenario, contenders, fidelity: fidelity) { display.show("\(scenario.name): \($0)") })
            display.clear()
            if !suite { try comparisons.last.map { try Terminal.result($0.text()) } }
        }
        if suite { try Terminal.result(Suite(comparisons: comparisons).text()) }
        let last = SimulationConsole.read(Reality.self, from: reality)?.line()
        try Terminal.result(
            last.map { "  " + $0 } ?? "  no simulation has been compared with a real run here (--compare)")
        if let json { try SimulationConsole.write(comparisons.map { $0.thinned() }, to: json) }
        if let html { try SimulationConsole.write(SimulationPage(comparisons, footnote: last).html(), to: html) }
    }

    private func runSearch() throws {
        let display = SimulationConsole()
        let search = PolicySearch(scenarios: try scenarios(), base: try cluster.policy(), objective: objective)
        let found = search.run { progress in
            let best = progress.best.map { ", best \($0.text)" } ?? ""
            display.show("\(progress.done) of about \(progress.total)\(best)")
        }
        display.clear()
        try Terminal.result(PolicySearch.text(found.tried, objective: objective))
        if let json { try SimulationConsole.write(found.tried, to: json) }
    }

    private func runComparison(with path: String) throws {
        let run = try SimulationConsole.realRun(path)
        let scenario = try cluster.scenario(of: run, seed: seed)
        let contender = try Contender(text: policy, base: try cluster.policy())
        // Job by job where it takes seconds: what lies ahead in workers' hands counts.
        let isSmall = scenario.trace.count <= 200_000
        let result = Simulator.run(scenario, contender, fidelity: isSmall ? .jobs : fidelity)
        let found = run.compare(with: result, overhead: overhead)
        try Terminal.result(found.text())
        try SimulationConsole.write(found, to: reality)
    }

    private func runBenchmark() throws {
        let clock = ContinuousClock()
        let begun = clock.now
        let scenario = try LargeDay.scenario(seed: seed)
        let made = clock.now - begun
        let contender = try Contender(text: policy, base: try cluster.policy())
        let start = clock.now
        let result = Simulator.run(scenario, contender)
        try Terminal.result(SimulationConsole.benchmark(result, made: made, took: clock.now - start))
    }
}

import ArgumentParser
import Scaling

/// `spate algorithms`
struct Algorithms: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the scaling algorithms and their parameters.",
        discussion: """
            The names are the same in a cluster file (`scaler: {keda-lag: {lag_count: 50}}`) and in a simulation
            (`keda-lag:lag_count=50`, there without the names of sections).
            """)

    @Argument(help: "One algorithm. Default: all.") var name: String?

    func run() throws {
        let manual = AlgorithmManual()
        if let name, !manual.entries.contains(where: { $0.name == name }) {
            let known = manual.entries.map(\.name).joined(separator: ", ")
            Terminal.error("spate algorithms: there is no algorithm '\(name)'; known are \(known)")
            throw ExitCode(64)
        }
        try Terminal.result(manual.text(of: name))
    }
}

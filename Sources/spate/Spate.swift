import ArgumentParser
import Processes
import Settings

/// The one executable: every role, and the operator's commands.
@main
struct Spate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spate",
        abstract: "An autoscaling worker cluster with a job queue for machine-learning inference.",
        discussion: """
            spate up                 the whole system on this machine, Redis included
            spate load …             open-loop traffic from a profile, with a report
            spate check              validate the cluster file and every model file
            spate why [time]         why pools have their number of workers, and what would change it
            spate simulate           try a policy on a trace beside HPA, KEDA, Knative, Ray and the best possible
            spate import FILE        a KEDA ScaledObject or HPA manifest as a policy of Spate

            The roles run alone against any Redis: spate gateway, spate worker, spate scaler.
            The cluster file (cluster/spate.yaml) explains every setting beside its default.
            """,
        version: SpateVersion.text,
        subcommands: [
            Up.self, RunGateway.self, RunWorker.self, RunScaler.self, Load.self, Rehearse.self, Check.self,
            Status.self, Pools.self, Why.self, Decisions.self, Cost.self, Record.self, Versions.self, Override.self,
            Pause.self,
            Resume.self, Protect.self, Leave.self, Reload.self, Simulate.self, Algorithms.self, Import.self, Bench.self,
        ])

    static func main() async {
        // Every role needs a descriptor for each connection and each child.
        DescriptorLimit.raise()
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let word = arguments.first, let problem = unknownCommand(word) {
            Terminal.error(problem)
            // sysexits.h: EX_USAGE, as for every other wrong command line.
            exit(withError: ExitCode(64))
        }
        await main(arguments)
    }

    /// What to say of a first word that is no command, with the one that was probably meant.
    static func unknownCommand(_ word: String) -> String? {
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        guard !word.hasPrefix("-"), !names.contains(word) else { return nil }
        let hint = Suggestion.nearest(to: word, among: names).map { "; did you mean 'spate \($0)'?" } ?? ""
        return "spate: there is no command '\(word)'\(hint)\nspate: `spate --help` lists them"
    }
}

/// The version of wire format, scripts and policies in this binary.
enum SpateVersion {
    static let text = "0.1.0"
}

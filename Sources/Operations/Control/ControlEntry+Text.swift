package import Time

extension ControlEntry {
    /// In words, for logs and people.
    package func text(at now: Timestamp) -> String {
        let what =
            switch kind {
            case .override: "pool \(subject) has \(count == 1 ? "1 worker" : "\(count ?? 0) workers")"
            case .pause: subject == Self.everything ? "all pools are paused" : "pool \(subject) is paused"
            case .protect: "worker \(subject) is not scaled in"
            case .leave: "worker \(subject) leaves"
            case .reload: "the scaler reads its files again at its next look"
            }
        // A request to reload is done once; how long it is kept is nobody's business.
        if kind == .reload { return what + (note.map { " (\($0))" } ?? "") }
        let end = until.map { ", for \(Duration.seconds(($0 - now).seconds.rounded(.up)).text)" } ?? ""
        return what + end + (note.map { " (\($0))" } ?? "")
    }
}

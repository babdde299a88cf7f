import Settings
import Time
import Traffic

/// Reads load profiles (`cluster/load/*.yaml`). Each key is explained in `cluster/load/morning-peak.yaml`.
package enum LoadProfileFile {
    /// - Throws: everything that is wrong with the file, each finding with line and column.
    package static func read(path: String) throws(LoadError) -> LoadProfile {
        do throws(SettingsError) {
            return try checked(SettingsReader.read(path: path, profile), named: path)
        } catch {
            throw LoadError(error.description)
        }
    }

    package static func parse(_ text: String, named name: String) throws(LoadError) -> LoadProfile {
        do throws(SettingsError) {
            return try checked(SettingsReader.read(text: text, named: name, profile), named: name)
        } catch {
            throw LoadError(error.description)
        }
    }

    /// `profile` returns `nil` only after it has reported why.
    private static func checked(_ profile: LoadProfile?, named name: String) throws(SettingsError) -> LoadProfile {
        guard let profile else {
            throw SettingsError(diagnostics: [
                SettingsDiagnostic(position: SettingsPosition(file: name), message: "is no load profile")
            ])
        }
        return profile
    }

    private static func profile(_ file: SettingsReader) -> LoadProfile? {
        file.require("name", "points")
        let name = file.string("name", default: "")
        let model = file.string("model")
        let process = file.choice("arrivals", default: ArrivalProcess.poisson)
        let interpolation = file.choice("interpolation", default: ArrivalProfile.Interpolation.linear)
        let share =
            file.parsed("mode", expected: "sync, async, or the share of asynchronous calls from 0 to 1") { text in
                switch text {
                case "sync": 0
                case "async": 1
                default: Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
                }
            } ?? 0
        let deadline = file.integer("deadline_ms", in: 1...86_400_000).map { Duration.milliseconds($0) }
        let resubmitted = file.number("resubmit", in: 0...1, default: 0)
        let points = file.list("points") { point -> (ArrivalProfile.Point, SettingsPosition)? in
            point.require("at", "calls_per_minute")
            let time = point.parsed("at", expected: "a time of day (8:30 or 8:30:15) or an offset (90s, 5m)", time)
            let rate = point.number("calls_per_minute", in: 0...60_000_000)
            guard let time, let rate else { return nil }
            return (ArrivalProfile.Point(at: time, callsPerMinute: rate), point.position)
        }
        guard file.has("points") else { return nil }
        do throws(ArrivalProfileError) {
            let arrivals = try ArrivalProfile(points: points.map(\.0), interpolation: interpolation)
            return LoadProfile(
                name: name, model: model, arrivals: arrivals, process: process, asynchronousShare: share,
                deadline: deadline, resubmittedShare: resubmitted)
        } catch {
            if let index = error.point, points.indices.contains(index) {
                file.report("'points': \(error.message)", at: points[index].1)
            } else {
                file.report("'points': \(error.message)", at: "points")
            }
            return nil
        }
    }

    /// `8:30` and `08:30:15` as time since midnight, `90s` or `5m` as it is.
    private static func time(_ text: String) -> Duration? {
        guard text.contains(":") else { return Duration(text: text) }
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(fields.count),
            fields.allSatisfy({ (1...2).contains($0.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        let numbers = fields.compactMap { Int($0) }
        guard numbers.count == fields.count, numbers[0] <= 24, numbers.dropFirst().allSatisfy({ $0 < 60 }) else {
            return nil
        }
        return .seconds(numbers[0] * 3_600 + numbers[1] * 60 + (numbers.count > 2 ? numbers[2] : 0))
    }
}

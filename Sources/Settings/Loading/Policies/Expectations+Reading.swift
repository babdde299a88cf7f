import Forecasting
import Foundation

extension SettingsReader {
    /// `calendar: [...]`: events as texts, or with the model that they are of.
    func calendar() -> [DeclaredEvent] {
        list("calendar", shorthand: "event") { reader in
            reader.require("event")
            let model = reader.string("model")
            guard let text = reader.string("event") else { return nil }
            do throws(CalendarTextError) {
                let event = try CalendarEvent(text)
                guard let rules = reader.zone(event.zone, at: "event") else { return nil }
                return DeclaredEvent(model: model, text: text, event: event, rules: rules)
            } catch {
                reader.report("'event': \(error.message) (column \(error.column) of the text)", at: "event")
                return nil
            }
        }
    }

    /// `forecast: {mode: shadow, zone: UTC}`.
    func forecast() -> ForecastSettings {
        mapping("forecast") { reader in
            let defaults = ForecastSettings()
            let modes = ForecastGate.Mode.allCases.map(\.rawValue)
            let mode = reader.parsed(
                "mode", expected: modes.joined(separator: ", "), suggesting: modes
            ) { ForecastGate.Mode(rawValue: $0) }
            let zone = reader.string("zone", default: defaults.zone)
            return ForecastSettings(
                mode: mode ?? defaults.mode, zone: zone, rules: reader.zone(zone, at: "zone") ?? .utc)
        }
    }

    private func zone(_ name: String, at key: String) -> TimeZoneRules? {
        do {
            return try ZoneFile.rules(of: name)
        } catch {
            report("'\(key)': \(error)", at: key)
            return nil
        }
    }
}

/// The time zones of this machine.
enum ZoneFile {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let folder = "/usr/share/zoneinfo/"
    private static let maximumBytes = 1 << 20

    /// - Parameter name: as in `Europe/Berlin`.
    static func rules(of name: String) throws -> TimeZoneRules {
        if name == "UTC" { return .utc }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "+"):
                true
            default: false
            }
        }
        let files = FileManager.default
        guard files.fileExists(atPath: folder) else {
            throw Failure(description: "this machine knows no time zones but UTC; install tzdata")
        }
        guard isPlain, !name.hasPrefix("/"), let bytes = files.contents(atPath: folder + name),
            bytes.count <= maximumBytes
        else {
            throw Failure(
                description:
                    "'\(name)' is no time zone of this machine, as in Europe/Berlin, EST or UTC, nor days, as in weekdays or mon-fri"
            )
        }
        return try TimeZoneRules(tzif: Array(bytes), name: name)
    }
}

import Time
import Scaling

/// What is different between two settings, key by key, in the words of the files.
package struct SettingsDifference: Sendable, Equatable, CustomStringConvertible {
    /// As in `pools.cpu.maximum_workers`.
    package var key: String
    /// `nil`: not given before.
    package var before: String?
    /// `nil`: not given any more.
    package var after: String?

    /// `pools.cpu.maximum_workers: 2 -> 4`
    package var description: String { "\(key): \(before ?? "not given") -> \(after ?? "not given")" }

    /// Everything that differs, in the order of the files. Passwords in URLs are masked.
    package static func between(_ before: ClusterSettings, _ after: ClusterSettings) -> [SettingsDifference] {
        var old: [(String, String)] = []
        var new: [(String, String)] = []
        flatten(before, key: "", into: &old)
        flatten(after, key: "", into: &new)
        let oldValues = Dictionary(old, uniquingKeysWith: { first, _ in first })
        let newValues = Dictionary(new, uniquingKeysWith: { first, _ in first })
        let changed = new.compactMap { key, value in
            oldValues[key] == value ? nil : SettingsDifference(key: key, before: oldValues[key], after: value)
        }
        let gone = old.compactMap { key, value in
            newValues[key] == nil ? SettingsDifference(key: key, before: value, after: nil) : nil
        }
        return changed + gone
    }

    /// The leaves of a value with their keys: properties as keys, list members by their names.
    private static func flatten(_ value: Any, key: String, into leaves: inout [(String, String)]) {
        if let text = leaf(value) {
            leaves.append((key, text))
            return
        }
        if let algorithm = value as? Algorithm {
            leaves.append((key, algorithm.name))
            leaves += algorithm.values.map { (joined(key, "\(algorithm.name).\($0.path)"), $0.value) }
            return
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            if let (_, some) = mirror.children.first { flatten(some, key: key, into: &leaves) }
        case .collection:
            for (index, child) in mirror.children.enumerated() {
                flatten(child.value, key: joined(key, name(of: child.value) ?? "\(index + 1)"), into: &leaves)
            }
        case .dictionary:
            let pairs = mirror.children.map { pair -> (String, Any) in
                let parts = Array(Mirror(reflecting: pair.value).children)
                return ("\(parts.first?.value ?? "")", parts.last?.value ?? "")
            }
            for (name, value) in pairs.sorted(by: { $0.0 < $1.0 }) {
                flatten(value, key: joined(key, name), into: &leaves)
            }
        case .enum:
            guard let child = mirror.children.first, let name = child.label else {
                leaves.append((key, "\(value)"))
                return
            }
            leaves.append((key, name))
            flatten(child.value, key: joined(key, snake(name)), into: &leaves)
        default:
            if mirror.children.isEmpty { leaves.append((key, "\(value)")) }
            for child in mirror.children {
                flatten(child.value, key: joined(key, child.label.map(snake) ?? ""), into: &leaves)
            }
        }
    }

    /// Values that have a text of their own.
    private static func leaf(_ value: Any) -> String? {
        switch value {
        case let duration as Duration: duration.text
        case let text as String: Secrets.masked(text)
        case let server as RedisSettings.Server: server.description
        default: nil
        }
    }

    private static func name(of value: Any) -> String? {
        Mirror(reflecting: value).children.first { $0.label == "name" }?.value as? String
    }

    private static func joined(_ key: String, _ name: String) -> String {
        key.isEmpty ? name : name.isEmpty ? key : "\(key).\(name)"
    }

    /// `maximumWorkers` as `maximum_workers`; `isPaused` as `paused`.
    private static func snake(_ name: String) -> String {
        let plain =
            name.hasPrefix("is") && name.dropFirst(2).first?.isUppercase == true ? String(name.dropFirst(2)) : name
        var text = ""
        for character in plain {
            if character.isUppercase, !text.isEmpty { text += "_" }
            text += character.lowercased()
        }
        return text
    }
}

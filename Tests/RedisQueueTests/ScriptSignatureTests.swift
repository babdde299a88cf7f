import FoundationEssentials
import Jobs
import Testing

@testable import RedisQueue

/// Headers of scripts beside their code and their calls.
@Suite struct ScriptSignatureTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var script: RedisScript
        var testDescription: String { name }
    }

    static let scripts = [
        Row(name: "cancel", script: .cancel), Row(name: "claim", script: .claim),
        Row(name: "cluster_join", script: .clusterJoin), Row(name: "control_count", script: .controlCount),
        Row(name: "control_remove", script: .controlRemove), Row(name: "give_back", script: .giveBack),
        Row(name: "hash_set", script: .hashSet), Row(name: "leader_contend", script: .leaderContend),
        Row(name: "leader_fenced", script: .leaderFenced), Row(name: "leader_register", script: .leaderRegister),
        Row(name: "leader_release", script: .leaderRelease), Row(name: "lease", script: .lease),
        Row(name: "make_groups", script: .makeGroups), Row(name: "postpone", script: .postpone),
        Row(name: "promote", script: .promote), Row(name: "push", script: .push), Row(name: "reap", script: .reap),
        Row(name: "reap_pointers", script: .reapPointers), Row(name: "settle_full", script: .settleFull),
        Row(name: "snapshot", script: .snapshot), Row(name: "state", script: .state),
        Row(name: "submit_once", script: .submitOnce), Row(name: "trial", script: .trial),
        Row(name: "tried", script: .tried),
    ]

    @Test("every script of the folder is in the table above")
    func complete() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/RedisQueue/Scripts").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".lua") }
        #expect(files.sorted() == Self.scripts.map { $0.name + ".lua" }.sorted())
    }

    @Test("a script uses the keys and arguments that its header names, all of them and no others", arguments: scripts)
    func usesWhatItDeclares(row: Row) {
        let code = row.script.source.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
        for (word, declared) in [("KEYS", row.script.signature.keys), ("ARGV", row.script.signature.arguments)] {
            let used = code.split(separator: "\(word)[", omittingEmptySubsequences: false).dropFirst()
                .compactMap { Int($0.prefix { $0.isNumber }) }
            #expect(declared.least > 0 || declared.isOpen, "the header names no \(word)")
            if !declared.isOpen { #expect((used.max() ?? 0) <= declared.least, "\(word)[\(used.max() ?? 0)]") }
            // Places that are reached by a variable (`ARGV[i]`) are in no list of numbers.
            let isWalked =
                code.contains("\(word)[i") || code.contains("\(word)[tonumber") || code.contains("in ipairs(\(word))")
            for number in 1...max(1, declared.least) where !isWalked && !declared.isOpen {
                #expect(used.contains(number), "\(word)[\(number)] is named and not used")
            }
        }
    }

    @Test("a header says how many keys and arguments there are, and whether more may follow")
    func reads() {
        let signature = ScriptSignature(
            source:
                "-- Does.\n-- KEYS[1] a   KEYS[2..4] lanes\n-- ARGV[1] b, see ARGV[2]\n-- ARGV[3..] c\nreturn ARGV[9]")
        #expect(signature.keys == .init(least: 4, isOpen: false))
        #expect(signature.arguments == .init(least: 2, isOpen: true))
        #expect(signature.keys.allows(4) && !signature.keys.allows(3) && !signature.keys.allows(5))
        #expect(signature.arguments.allows(2) && signature.arguments.allows(7) && !signature.arguments.allows(1))
    }

    @Test("a call with an argument too few or too many is noticed before it is sent")
    func notices() {
        let call = RedisScript.promote.call(keys: ["due", "again"])
        #expect(!call.isAsDeclared)
        #expect(call.with("1").isAsDeclared)
        #expect(!call.with("1", "2").isAsDeclared)
        #expect(!RedisScript.promote.call(keys: ["due"]).with("1").isAsDeclared)
    }
}

import COpenSSL
import NIOCore
import RedisClient

/// A Lua file of `Scripts/`: one atomic transition of the queue. Its header says what it takes and returns.
struct RedisScript: Sendable, Hashable {
    let source: String
    let signature: ScriptSignature
    /// Redis knows a script by its SHA-1, so old and new versions live side by side during an upgrade.
    let digest: String
    /// The source without its comments.
    private let code: String

    init(_ bytes: [UInt8]) {
        source = String(decoding: bytes, as: UTF8.self)
        signature = ScriptSignature(source: source)
        digest = Self.sha1(bytes)
        code = source.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
    }

    static let submitOnce = RedisScript(PackageResources.submit_once_lua)
    static let state = RedisScript(PackageResources.state_lua)
    static let cancel = RedisScript(PackageResources.cancel_lua)
    static let claim = RedisScript(PackageResources.claim_lua)
    static let trial = RedisScript(PackageResources.trial_lua)
    static let tried = RedisScript(PackageResources.tried_lua)
    static let giveBack = RedisScript(PackageResources.give_back_lua)
    static let reap = RedisScript(PackageResources.reap_lua)
    static let reapPointers = RedisScript(PackageResources.reap_pointers_lua)
    static let promote = RedisScript(PackageResources.promote_lua)
    static let snapshot = RedisScript(PackageResources.snapshot_lua)
    static let lease = RedisScript(PackageResources.lease_lua)
    static let makeGroups = RedisScript(PackageResources.make_groups_lua)
    static let push = RedisScript(PackageResources.push_lua)
    static let settleFull = RedisScript(PackageResources.settle_full_lua)
    static let leaderContend = RedisScript(PackageResources.leader_contend_lua)
    static let leaderRelease = RedisScript(PackageResources.leader_release_lua)
    static let leaderRegister = RedisScript(PackageResources.leader_register_lua)
    static let hashSet = RedisScript(PackageResources.hash_set_lua)
    static let postpone = RedisScript(PackageResources.postpone_lua)
    static let leaderFenced = RedisScript(PackageResources.leader_fenced_lua)

    /// The arguments that follow must be those of the header: `run` of a debug build stops at a call that has others.
    func call(keys: [String]) -> ScriptCall {
        var command = RedisCommand("EVALSHA", digest, String(keys.count))
        command.append(contentsOf: keys)
        return ScriptCall(script: self, keys: keys.count, command: command)
    }

    /// For a transaction, in which a server that does not know the script could not be told. To be followed by the arguments.
    func inTransaction(keys: [String]) -> RedisCommand {
        var command = RedisCommand("EVAL", code, String(keys.count))
        command.append(contentsOf: keys)
        return command
    }

    private static func sha1(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        _ = SHA1(bytes, bytes.count, &digest)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

struct ScriptCall: Sendable {
    let script: RedisScript
    private let keys: Int
    private(set) var command: RedisCommand

    init(script: RedisScript, keys: Int, command: RedisCommand) {
        self.script = script
        self.keys = keys
        self.command = command
    }

    /// Whether it has as many keys and arguments as the header of its script says.
    var isAsDeclared: Bool {
        // The name of the command, the script, and the number of keys come first.
        script.signature.keys.allows(keys) && script.signature.arguments.allows(command.argumentCount - 3 - keys)
    }

    func with(_ arguments: String...) -> ScriptCall {
        var call = self
        call.command.append(contentsOf: arguments)
        return call
    }

    func with(_ arguments: [String]) -> ScriptCall {
        var call = self
        call.command.append(contentsOf: arguments)
        return call
    }

    func with(_ bytes: ByteBuffer) -> ScriptCall {
        var call = self
        call.command.append(bytes)
        return call
    }
}

extension RedisClient {
    /// Runs the scripts in one write and returns their replies in order; error replies are values.
    ///
    /// A server that does not know a script (restart, failover, `SCRIPT FLUSH`) says so before anything has
    /// happened: the script is loaded and those calls are sent again.
    func run(_ calls: [ScriptCall], timeout: Duration = .seconds(5)) async throws(RedisError) -> [RedisValue] {
        assert(
            calls.allSatisfy(\.isAsDeclared), "a script is called with other keys or arguments than its header names")
        var replies = try await send(calls.map(\.command), timeout: timeout)
        let unknown = replies.indices.filter { replies[$0].errorMessage?.hasPrefix("NOSCRIPT") == true }
        guard !unknown.isEmpty else { return replies }
        var commands = Set(unknown.map { calls[$0].script }).map { RedisCommand("SCRIPT", "LOAD", $0.source) }
        let loads = commands.count
        commands += unknown.map { calls[$0].command }
        let again = try await send(commands, timeout: timeout)
        for (index, reply) in zip(unknown, again.dropFirst(loads)) { replies[index] = reply }
        return replies
    }
}

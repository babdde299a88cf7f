import Jobs
import NIOCore
import RedisClient
import Wire

/// Everything that settling some jobs of one queue changes, as one Redis transaction: outcomes stored (the first
/// wins), entries and bodies removed, waiting gateways answered, watchers told.
///
/// A transaction, because above the memory limit Redis refuses `SET` and not `XDEL`: on their own, the second would
/// lose the job. Refused as a whole it changes nothing. The answers are part of it, so a crash cannot fall between; only
/// an outcome that is stored is pushed, so a caller never hears what differs from it. Where nobody else can have got the job,
/// that it is stored is known beforehand; where somebody can have, Redis looks.
struct SettleTransaction {
    private struct Item {
        let id: JobID
        let replyTo: ReplyAddress?
        let bytes: ByteBuffer
        /// What its gateway gets.
        let frame: ByteBuffer
        let life: String
        let hold: HeldJobs.Hold

        init(_ settlement: Settlement, hold: HeldJobs.Hold) throws(QueueError) {
            let outcome = settlement.outcome
            id = outcome.id
            replyTo = outcome.replyTo
            life = String(QueueOptions.milliseconds(settlement.retention))
            self.hold = hold
            var bytes = ByteBuffer()
            try bytes.write(outcome)
            self.bytes = bytes
            if outcome.replyTo?.isForReceipts == true {
                var receipt = ByteBuffer()
                try receipt.write(outcome.receipt)
                frame = receipt
            } else {
                frame = try ReplyFrame.queued(id, stored: bytes)
            }
        }
    }

    let queue: QueueName
    let commands: [RedisCommand]
    private let items: [Item]
    private let keys: Keys
    private let options: QueueOptions
    private let extra: [RedisCommand]

    /// Bytes of all outcomes: what a link has to carry.
    var size: Int { items.reduce(0) { $0 + $1.bytes.readableBytes } }

    /// - Parameters:
    ///   - settlements: all of jobs in `queue`.
    ///   - hold: what this worker knows of each job.
    ///   - extra: further commands of the same transaction.
    init(
        _ settlements: [Settlement], in queue: QueueName, _ keys: Keys, options: QueueOptions,
        hold: (JobID) -> HeldJobs.Hold, extra: [RedisCommand] = []
    ) throws(QueueError) {
        self.queue = queue
        self.keys = keys
        self.options = options
        self.extra = extra
        var items: [Item] = []
        items.reserveCapacity(settlements.count)
        for settlement in settlements { items.append(try Item(settlement, hold: hold(settlement.outcome.id))) }
        self.items = items
        commands = Self.makeCommands(items, queue, keys, options, extra)
    }

    /// The settlements by queue, in the order in which each queue first appears.
    static func all(
        _ settlements: [Settlement], _ keys: Keys, options: QueueOptions, hold: (JobID) -> HeldJobs.Hold
    ) throws(QueueError) -> [SettleTransaction] {
        var order: [QueueName] = []
        var groups: [QueueName: [Settlement]] = [:]
        for settlement in settlements {
            let queue = settlement.outcome.id.queue
            if groups[queue] == nil { order.append(queue) }
            groups[queue, default: []].append(settlement)
        }
        var transactions: [SettleTransaction] = []
        for queue in order {
            transactions.append(
                try SettleTransaction(groups[queue] ?? [], in: queue, keys, options: options, hold: hold))
        }
        return transactions
    }

    private static func makeCommands(
        _ items: [Item], _ queue: QueueName, _ keys: Keys, _ options: QueueOptions, _ extra: [RedisCommand]
    ) -> [RedisCommand] {
        var commands = [RedisCommand("MULTI")] + pushes(items, keys, options)
        commands.reserveCapacity(items.count + 16)
        let prefix = keys.resultPrefix(queue)
        var entries: [PriorityClass: [String]] = [:]
        var notices: [String] = []
        // A job whose worker was taken for dead may wait for its retry when that worker settles it after all, and knows nothing
        // of that: where nothing is due this costs Redis a look.
        var undue: [String] = []
        var overdue: [String] = []
        for item in items {
            let notice = Keys.notice(item.id)
            var set = RedisCommand("SET", [prefix + notice], payload: item.bytes.readableBytes)
            set.append(item.bytes)
            set.append(contentsOf: ["NX", "PX", item.life])
            commands.append(set)
            notices.append(notice)
            let pointer = Keys.pointer(item.id)
            undue.append(pointer)
            if item.hold.hasDeadline { overdue.append(pointer) }
            entries[item.id.priority, default: []].append(item.id.entry.description)
        }
        for (priority, entries) in entries {
            let lane = keys.lane(queue, priority)
            var acknowledge = RedisCommand("XACK", lane, Keys.group)
            acknowledge.append(contentsOf: entries)
            var delete = RedisCommand("XDEL", lane)
            delete.append(contentsOf: entries)
            commands += [acknowledge, delete]
        }
        let bodies = items.compactMap { $0.hold.body.map { keys.body(queue, $0.token) } }
        if !bodies.isEmpty {
            var unlink = RedisCommand("UNLINK")
            unlink.append(contentsOf: bodies)
            commands.append(unlink)
        }
        for (key, pointers) in [(keys.due(queue), undue), (keys.deadlines(queue), overdue)] where !pointers.isEmpty {
            var remove = RedisCommand("ZREM", key)
            remove.append(contentsOf: pointers)
            commands.append(remove)
        }
        if !notices.isEmpty {
            commands.append(RedisCommand("PUBLISH", keys.settledChannel(queue), notices.joined(separator: " ")))
        }
        return commands + extra + [RedisCommand("EXEC")]
    }

    /// What each gateway gets, to be sent before the outcomes are stored. The script is for what is contested: it costs Redis
    /// more than all the rest of a lone job's settle, by its text or by its digest (`INFO commandstats`).
    private static func pushes(_ items: [Item], _ keys: Keys, _ options: QueueOptions) -> [RedisCommand] {
        var order: [String] = []
        var waiting: [String: [Item]] = [:]
        for item in items {
            guard let gateway = item.replyTo?.gateway else { continue }
            if waiting[gateway] == nil { order.append(gateway) }
            waiting[gateway, default: []].append(item)
        }
        let (life, limit) = (String(QueueOptions.milliseconds(options.replyLife)), String(options.replyLimit))
        return order.flatMap { gateway -> [RedisCommand] in
            let (list, items) = (keys.reply(gateway), waiting[gateway] ?? [])
            var commands: [RedisCommand] = []
            let contested = items.filter(\.hold.isContested)
            if !contested.isEmpty {
                var push = RedisScript.push.inTransaction(keys: [list] + contested.map { keys.result($0.id) })
                push.append(contentsOf: [life, limit])
                for item in contested { push.append(item.frame) }
                assert(
                    RedisScript.push.signature.arguments.allows(contested.count + 2), "push.lua takes other arguments")
                commands.append(push)
            }
            guard contested.count < items.count else { return commands }
            var push = RedisCommand("RPUSH", list)
            for item in items where !item.hold.isContested { push.append(item.frame) }
            return commands + [
                push, RedisCommand("LTRIM", list, "-\(limit)", "-1"), RedisCommand("PEXPIRE", list, life),
            ]
        }
    }

    enum Result {
        case done
        /// Redis is full and refused all of it.
        case refused
    }

    /// What Redis made of it.
    /// - Parameter replies: those of `commands`.
    /// - Throws: nothing happened, or a key of the queue holds something that Spate did not write.
    func judge(_ replies: ArraySlice<RedisValue>) throws(QueueError) -> Result {
        let what = "settling \(items.count) jobs of \(queue)"
        guard let last = replies.last else { throw QueueError(.malformed, "\(what): Redis sent no reply") }
        if last.errorMessage != nil {
            // The reason stands with the command that was refused, or in the reply to EXEC.
            let messages = replies.compactMap(\.errorMessage)
            if messages.contains(where: { $0.hasPrefix("OOM") || $0.contains("OOM command") }) { return .refused }
            throw QueueError(reply: messages.first ?? "", what)
        }
        guard let results = last.array else { throw QueueError.unexpected(last, what) }
        for result in results {
            if let message = result.errorMessage { throw QueueError(reply: message, what) }
        }
        return .done
    }

    /// The same effect, job by job, in a form that Redis takes above its memory limit too. Without `extra`, and without
    /// receipts, which are not worth the room.
    func rescue() -> [ScriptCall] {
        items.map { item in
            let isAwaited = item.replyTo.map { !$0.isForReceipts } ?? false
            return RedisScript.settleFull
                .call(keys: [
                    keys.result(item.id), keys.lane(queue, item.id.priority), keys.reply(item.replyTo?.gateway ?? ""),
                    keys.due(queue), keys.deadlines(queue),
                    item.hold.body.map { keys.body(queue, $0.token) } ?? keys.deadlines(queue),
                ])
                .with(item.id.entry.description)
                .with(item.bytes)
                .with(
                    item.life, Keys.group, keys.settledChannel(queue), Keys.notice(item.id),
                    !isAwaited ? "" : String(QueueOptions.milliseconds(options.replyLife)),
                    Keys.pointer(item.id), item.hold.body == nil ? "" : "body"
                )
                .with(item.frame)
        }
    }
}

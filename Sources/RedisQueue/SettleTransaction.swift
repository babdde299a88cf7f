import Jobs
import NIOCore
import RedisClient
import Wire

/// Everything that settling some jobs of one queue changes, as one Redis transaction: outcomes stored (the first
/// wins), entries removed, waiting gateways answered, watchers told.
///
/// A transaction, because above the memory limit Redis refuses `SET` and not `XDEL`: on their own, the second would
/// lose the job. Refused as a whole it changes nothing. The answers are part of it, so a crash cannot fall between; an
/// outcome that lost against a stored one is pushed behind the winner's, whose caller is gone by then.
struct SettleTransaction {
    private struct Item {
        let id: JobID
        let replyTo: ReplyAddress?
        let bytes: ByteBuffer
        /// What its gateway gets.
        let reply: ByteBuffer
        let life: String
    }

    let queue: QueueName
    let commands: [RedisCommand]
    private let items: [Item]
    private let options: QueueOptions
    private let extra: [RedisCommand]

    /// - Parameters:
    ///   - settlements: all of jobs in `queue`.
    ///   - extra: further commands of the same transaction.
    init(_ settlements: [Settlement], in queue: QueueName, options: QueueOptions, extra: [RedisCommand] = []) {
        self.queue = queue
        self.options = options
        self.extra = extra
        items = settlements.map { settlement in
            var bytes = ByteBuffer()
            OutcomeWire.encode(settlement.outcome, into: &bytes)
            var reply = bytes
            if settlement.outcome.replyTo?.isForReceipts == true {
                reply = ByteBuffer()
                OutcomeWire.encode(settlement.outcome.receipt, into: &reply)
            }
            return Item(
                id: settlement.outcome.id, replyTo: settlement.outcome.replyTo, bytes: bytes, reply: reply,
                life: String(QueueOptions.milliseconds(settlement.retention)))
        }
        commands = Self.makeCommands(items, queue, options, extra)
    }

    /// The settlements by queue, in the order in which each queue first appears.
    static func all(_ settlements: [Settlement], options: QueueOptions) -> [SettleTransaction] {
        var order: [QueueName] = []
        var groups: [QueueName: [Settlement]] = [:]
        for settlement in settlements {
            let queue = settlement.outcome.id.queue
            if groups[queue] == nil { order.append(queue) }
            groups[queue, default: []].append(settlement)
        }
        return order.map { SettleTransaction(groups[$0] ?? [], in: $0, options: options) }
    }

    private static func makeCommands(
        _ items: [Item], _ queue: QueueName, _ options: QueueOptions, _ extra: [RedisCommand]
    ) -> [RedisCommand] {
        var commands = [RedisCommand("MULTI")]
        commands.reserveCapacity(items.count + 16)
        let prefix = Keys.resultPrefix(queue)
        var entries: [PriorityClass: [String]] = [:]
        var replies: [String: [ByteBuffer]] = [:]
        var notices: [String] = []
        // A job whose worker was taken for dead may wait for its retry when that worker settles it after all.
        var undue = RedisCommand("ZREM", Keys.due(queue))
        for item in items {
            let notice = Keys.notice(item.id)
            var set = RedisCommand("SET", [prefix + notice], payload: item.bytes.readableBytes)
            set.append(item.bytes)
            set.append(contentsOf: ["NX", "PX", item.life])
            commands.append(set)
            notices.append(notice)
            undue.append(Keys.pointer(item.id))
            entries[item.id.priority, default: []].append(item.id.entry.description)
            if let gateway = item.replyTo?.gateway { replies[gateway, default: []].append(item.reply) }
        }
        for (priority, entries) in entries {
            let lane = Keys.lane(queue, priority)
            var acknowledge = RedisCommand("XACK", lane, Keys.group)
            acknowledge.append(contentsOf: entries)
            var delete = RedisCommand("XDEL", lane)
            delete.append(contentsOf: entries)
            commands += [acknowledge, delete]
        }
        let life = String(QueueOptions.milliseconds(options.replyLife))
        for (gateway, frames) in replies {
            let list = Keys.reply(gateway)
            var push = RedisCommand("RPUSH", list)
            for frame in frames { push.append(frame) }
            commands += [
                push, RedisCommand("LTRIM", list, String(-options.replyLimit), "-1"),
                RedisCommand("PEXPIRE", list, life),
            ]
        }
        if !notices.isEmpty {
            commands.append(undue)
            commands.append(RedisCommand("PUBLISH", Keys.settledChannel(queue), notices.joined(separator: " ")))
        }
        return commands + extra + [RedisCommand("EXEC")]
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
                    Keys.result(item.id), Keys.lane(queue, item.id.priority), Keys.reply(item.replyTo?.gateway ?? ""),
                    Keys.due(queue),
                ])
                .with(item.id.entry.description)
                .with(item.bytes)
                .with(
                    item.life, Keys.group, Keys.settledChannel(queue), Keys.notice(item.id),
                    !isAwaited ? "" : String(QueueOptions.milliseconds(options.replyLife)),
                    Keys.pointer(item.id))
        }
    }
}

import RedisQueue
import ServiceLifecycle

extension RedisLoadBoard {
    /// What keeps `current` up to date.
    var loops: [any Service] { [LoopService { await self.run() }, LoopService { await self.follow() }] }
}

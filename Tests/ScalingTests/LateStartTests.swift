import Scaling
import Testing
import Time

/// A late start is not a lost one: another would be no faster.
@Suite struct LateStartTests {
    /// A pool that is told that starts take a second, and where they take `startUp`.
    private func makeStory(startUp: Duration, deadline: Duration? = nil) -> Story {
        var story = Story(startUp: startUp, maximum: 20, deadline: deadline)
        story.policy.pools[0].assumedStartUp = .seconds(1)
        return story
    }

    @Test("one job starts one worker, however late that is", arguments: [5, 25, 120])
    func oneJob(seconds: Int) {
        var story = makeStory(startUp: .seconds(seconds))
        story.pass(.seconds(seconds) + .seconds(1), jobs: 1)
        #expect(story.decisions.reduce(0) { $0 + $1.starts } == 1)
        #expect(story.waiting == 0 && story.ready == 1)
    }

    @Test("a call a second meanwhile changes nothing", arguments: [1.0, 5.0])
    func trickle(rate: Double) {
        var story = makeStory(startUp: .seconds(25))
        story.pass(.seconds(27), rate: rate)
        #expect(story.decisions.reduce(0) { $0 + $1.starts } == 1)
    }

    @Test("nor does a deadline that the late start misses", arguments: [2, 10, 30, 60])
    func deadline(seconds: Int) {
        var story = makeStory(startUp: .seconds(25), deadline: .seconds(seconds))
        story.pass(.seconds(100), jobs: 1)
        #expect(story.decisions.reduce(0) { $0 + $1.starts } == 1)
        #expect(story.waiting == 0)
    }

    @Test("a day on which starts take six times as long as they did: the late ones stay enough")
    func slowDay() {
        var story = Story(startUp: .seconds(10), maximum: 20)
        story.pass(.seconds(60), jobs: 10)
        #expect(story.total == 0)
        let before = story.decisions.count
        // What was measured stays: ten seconds.
        story.startsTake = .seconds(60)
        story.pass(.seconds(62), jobs: 10)
        #expect(story.decisions[before...].reduce(0) { $0 + $1.starts } == 1)
    }

    @Test("work that comes while starts are late still gets its workers")
    func growth() {
        var story = makeStory(startUp: .seconds(25))
        story.pass(.seconds(10), jobs: 1)
        #expect(story.total == 1)
        story.pass(.milliseconds(250), jobs: 20_000)
        // 200 s of work.
        #expect(story.total == 20)
    }
}

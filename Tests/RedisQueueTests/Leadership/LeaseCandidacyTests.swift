import Jobs
import Random
import Testing
import Time

@Suite struct LeaseCandidacyTests {
    private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(microseconds: milliseconds * 1_000) }

    private func granted(sent: Int64 = 0, now: Int64 = 1) -> LeaseCandidacy {
        var tenure = LeaseCandidacy()
        tenure.note(.granted(epoch: 7), sent: at(sent), at: at(now))
        return tenure
    }

    @Test("contends at once, and leads nobody before it was granted")
    func start() {
        let tenure = LeaseCandidacy()
        #expect(tenure.step(at: at(0)) == .contend)
        #expect(tenure.tenure(at: at(0)) == nil)
    }

    @Test("counts the lease from when the request left, and ends a tenth early")
    func endsEarly() {
        // The answer took 0.8 s: the keeper's three seconds began somewhere in between.
        let tenure = granted(sent: 1_000, now: 1_800)
        #expect(tenure.tenure(at: at(3_699))?.epoch == 7)
        #expect(tenure.tenure(at: at(3_700)) == nil)
    }

    @Test("an answer that comes after the lease has ended gives nothing")
    func lateAnswer() {
        let tenure = granted(sent: 0, now: 5_000)
        #expect(tenure.tenure(at: at(5_000)) == nil)
        #expect(tenure.step(at: at(5_000)) == .contend)
    }

    @Test("renews every second, and wakes when the tenure ends if that is earlier")
    func renews() {
        var tenure = granted()
        #expect(tenure.step(at: at(400)) == .wait(.milliseconds(600)))
        #expect(tenure.step(at: at(1_000)) == .contend)
        tenure.note(.unknown, sent: at(1_000), at: at(2_600))
        #expect(tenure.step(at: at(2_600)) == .wait(.milliseconds(100)))
    }

    @Test("an attempt without an answer takes nothing away before its time, and gives nothing")
    func unknown() {
        var tenure = granted()
        for time in stride(from: Int64(1_000), to: 2_600, by: 200) {
            tenure.note(.unknown, sent: at(time), at: at(time + 100))
            #expect(tenure.tenure(at: at(time + 100))?.epoch == 7)
        }
        #expect(tenure.tenure(at: at(2_700)) == nil)
    }

    @Test("another holder's lease ends the tenure at once, and is waited for")
    func deposed() {
        var tenure = granted()
        tenure.note(.held(remaining: .milliseconds(300)), sent: at(1_000), at: at(1_001))
        #expect(tenure.tenure(at: at(1_001)) == nil)
        #expect(tenure.step(at: at(1_001)) == .wait(.milliseconds(302)))
        tenure.note(.held(remaining: .seconds(3)), sent: at(1_303), at: at(1_304))
        #expect(tenure.step(at: at(1_304)) == .wait(.seconds(1)))
    }

    @Test("resigning ends the tenure")
    func resigned() {
        var tenure = granted()
        tenure.resign()
        #expect(tenure.tenure(at: at(2)) == nil)
        #expect(tenure.newestEpoch == 7)
    }

    /// The keeper of the lease as the scripts have it, with its own clock.
    private struct Keeper {
        var holder: Int?
        var epoch: Int64 = 0
        var ends: Int64 = 0

        mutating func contend(_ contender: Int, life: Int64, at now: Int64) -> LeaseCandidacy.Answer {
            if ends > now, holder != contender { return .held(remaining: .milliseconds(ends - now)) }
            if ends <= now || holder != contender { epoch += 1 }
            (holder, ends) = (contender, now + life)
            return .granted(epoch: epoch)
        }
    }

    @Test("never lets two lead at once, with lost and late answers, pauses, and clocks 1 % apart", arguments: 0..<50)
    func atMostOne(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var keeper = Keeper()
        // Local time of contender i: skewed by up to 1 %, and with an origin of its own.
        let speeds = (0..<3).map { _ in Double.random(in: 0.99...1.01, using: &random) }
        var tenures = (0..<3).map { _ in LeaseCandidacy() }
        var wakes = [Int64](repeating: 0, count: 3)
        func local(_ time: Int64, _ contender: Int) -> Timestamp {
            Timestamp(microseconds: Int64(Double(time * 1_000) * speeds[contender]) + Int64(contender) * 1_000_000_000)
        }
        var newest: Int64 = 0
        var led: Set<Int64> = []
        // An answer that is under way.
        var pending: [(contender: Int, answer: LeaseCandidacy.Answer, sent: Timestamp, arrives: Int64)] = []
        for now in stride(from: Int64(0), to: 120_000, by: 5) {
            for index in pending.indices.reversed() where pending[index].arrives <= now {
                let answer = pending.remove(at: index)
                tenures[answer.contender].note(answer.answer, sent: answer.sent, at: local(now, answer.contender))
            }
            for contender in 0..<3 where wakes[contender] <= now {
                if Int.random(in: 0..<200, using: &random) == 0 {
                    wakes[contender] = now + Int64.random(in: 0...8_000, using: &random)  // A pause.
                    continue
                }
                guard !pending.contains(where: { $0.contender == contender }) else { continue }
                guard tenures[contender].step(at: local(now, contender)) == .contend else { continue }
                let isLost = Int.random(in: 0..<4, using: &random) == 0
                let isHeard = !isLost || Bool.random(using: &random)
                let answer = isHeard ? keeper.contend(contender, life: 3_000, at: now) : .unknown
                pending.append(
                    (
                        contender, isLost ? .unknown : answer, local(now, contender),
                        now + Int64.random(in: 0...900, using: &random)
                    ))
            }
            let leaders = (0..<3).compactMap { tenures[$0].tenure(at: local(now, $0))?.epoch }
            #expect(leaders.count <= 1, "seed \(seed), \(now) ms: \(leaders)")
            for epoch in leaders {
                #expect(epoch >= newest, "seed \(seed), \(now) ms")
                newest = max(newest, epoch)
                led.insert(epoch)
            }
        }
        #expect(led.count > 3, "seed \(seed): leadership never passed on")
    }
}

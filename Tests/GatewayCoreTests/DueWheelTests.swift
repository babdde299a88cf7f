import GatewayCore
import Random
import Testing
import Time

@Suite struct DueWheelTests {
    @Test("nothing is due early, and nothing more than 25 ms late, however far ahead it was filed")
    func isPunctual() {
        for seed in UInt64(0)..<40 {
            var random = SeededGenerator(seed: seed)
            var now = Timestamp(microseconds: Int64.random(in: 0...100_000_000, using: &random))
            var wheel = DueWheel(at: now)
            var due: [Int: Timestamp] = [:]
            for number in 0..<200 {
                // Most of them near, some beyond both rings.
                let scale = Int64.random(in: 0...9, using: &random)
                let ahead = Int64.random(in: 0...(10_000 << (scale * 3)), using: &random)
                due[number] = Timestamp(microseconds: now.microseconds + ahead)
                wheel.file(number, due: now + .microseconds(ahead))
                if Bool.random(using: &random) {
                    now = now + .microseconds(Int64.random(in: 0...60_000, using: &random))
                }
                if number % 7 == 0, due.removeValue(forKey: number / 2) != nil { wheel.remove(number / 2) }
                check(wheel.turn(to: now), &due, now, seed)
            }
            while let next = wheel.next {
                #expect(next > now, "seed \(seed)")
                now = next
                check(wheel.turn(to: now), &due, now, seed)
            }
            #expect(due.isEmpty && wheel.count == 0, "seed \(seed): \(due)")
        }
    }

    private func check(_ turned: [Int], _ due: inout [Int: Timestamp], _ now: Timestamp, _ seed: UInt64) {
        for number in turned {
            guard let time = due.removeValue(forKey: number) else {
                Issue.record("seed \(seed): \(number) was not filed")
                continue
            }
            #expect(time <= now, "seed \(seed): \(number) is early")
        }
        for (number, time) in due {
            #expect(time + .milliseconds(25) >= now || time > now, "seed \(seed): \(number) is late")
        }
    }

    @Test("an entry is filed in few steps, however far its time is, and an empty wheel is due never")
    func tellsNext() {
        var wheel = DueWheel()
        #expect(wheel.next == nil)
        wheel.file(3, due: Samples.time(100))
        #expect(wheel.next == Samples.time(125))
        wheel.file(0, due: Timestamp(microseconds: .max))
        wheel.remove(3)
        wheel.remove(3)
        #expect(wheel.count == 1)
        #expect(wheel.next.map { $0 > Samples.time(1_000_000) } == true)
        #expect(wheel.turn(to: Samples.time(10_000_000_000)).isEmpty)
    }
}

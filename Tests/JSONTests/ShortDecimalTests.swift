import Foundation
import Random
import Testing

@testable import JSON
import TestKit

@Suite struct ShortDecimalTests {
    private func scan(_ text: String) -> (number: ShortDecimal?, position: Int) {
        // A byte that ends the number, and others that must not be read as digits.
        Array((text + ",999").utf8).withUnsafeBytes { bytes in
            var position = 0
            let number = ShortDecimal.scan(bytes, at: &position, end: text.utf8.count + 1)
            return (number, position)
        }
    }

    @Test("gives the double and the float that strtod and strtof give, or none")
    func agreesWithTheLibrary() {
        var random = SeededGenerator()
        var known = 0
        let count = 300_000
        for _ in 0..<count {
            let digits = String(UInt64.random(in: 0..<9_999_999_999_999_999_999, using: &random)).suffix(
                Int.random(in: 1...19, using: &random))
            var text = String(digits.drop { $0 == "0" })
            if text.isEmpty { text = "0" }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: break
            case 1: text = "0." + text.prefix(18)
            case 2:
                // Exactly between two floats, or next to it, where rounding twice goes wrong.
                let float = Float.random(in: 1...1_000, using: &random)
                let middle = (Double(float) + Double(float.nextUp)) / 2
                text = String(
                    format: "%.16g", [middle, middle.nextUp, middle.nextDown].randomElement(using: &random) ?? middle)
            default:
                let point = text.index(text.startIndex, offsetBy: Int.random(in: 1...text.count, using: &random))
                if point < text.endIndex { text.insert(".", at: point) }
            }
            if Bool.random(using: &random) { text = "-" + text }
            guard let number = scan(text).number else { continue }
            if let double = number.double {
                known += 1
                #expect(double.bitPattern == strtod(text, nil).bitPattern, "\(text), seed \(random.seed)")
            }
            if let float = number.float {
                known += 1
                #expect(float.bitPattern == strtof(text, nil).bitPattern, "\(text), seed \(random.seed)")
            }
        }
        #expect(known > count, "too few numbers went the short way: \(known), seed \(random.seed)")
    }

    @Test(
        "leaves to the long way whatever it does not know, and does not move",
        arguments: [
            "", "-", "+1", "01", "-01", "00", "1.", ".1", "1e3", "1E3", "0x1", "1_0", "nan", "--1", "1-", "1.2.3",
            "1 .",
            "12345678901234567890", "1234567890.1234567890", "0.00000000000000000001", "123456789012345678901234567890",
        ])
    func leavesOthers(text: String) {
        let (number, position) = scan(text)
        // "1 ." is the number 1 and then something else.
        #expect(text == "1 ." ? number?.significand == 1 : number == nil)
        #expect(position == (text == "1 ." ? 1 : 0))
    }

    @Test("does not read beyond its end, nor take a number that ends there for whole")
    func staysWithinBounds() {
        Array("1234567890".utf8).withUnsafeBytes { bytes in
            for end in 0...10 {
                var position = 0
                #expect(ShortDecimal.scan(bytes, at: &position, end: end) == nil)
                #expect(position == 0)
            }
        }
    }

    @Test(
        "gives integers that fit",
        arguments: [
            ("127", 127), ("-128", -128), ("128", nil), ("-129", nil), ("1.5", nil), ("-0", 0),
            ("9999999999999999999", nil),
        ]
            as [(String, Int8?)])
    func givesIntegers(text: String, expected: Int8?) {
        #expect(scan(text).number?.integer(Int8.self) == expected)
    }
}

import Foundation
import Random
import Testing

@testable import JSON
import TestKit

@Suite struct JSONNumberTests {
    private func scan<R>(_ text: String, _ body: (JSONNumber?, UnsafeRawBufferPointer) -> R) -> R {
        Array(text.utf8).withUnsafeBytes { bytes in body(JSONNumber.scan(bytes, at: 0, end: bytes.count), bytes) }
    }

    @Test("reads doubles and floats exactly as strtod and strtof do")
    func agreesWithTheLibrary() {
        var random = SeededGenerator()
        for _ in 0..<200_000 {
            let text: String
            switch Int.random(in: 0..<6, using: &random) {
            case 0: text = Double(bitPattern: random.next()).description
            case 1: text = Float(bitPattern: UInt32(truncatingIfNeeded: random.next())).description
            case 2:
                text = String(
                    format: "%.*g", Int.random(in: 1...20, using: &random),
                    Double.random(in: -1e6...1e6, using: &random))
            case 3:
                text = "\(UInt64.random(in: 0 ... .max, using: &random))e\(Int.random(in: -60...60, using: &random))"
            case 4:
                text =
                    "\(Int.random(in: -99_999...99_999, using: &random)).\(UInt32.random(in: 0 ... .max, using: &random))"
            default:
                // Exactly between two floats, where rounding twice goes wrong.
                let float = Float.random(in: 1...1_000, using: &random)
                text = String(format: "%.20g", (Double(float) + Double(float.nextUp)) / 2)
            }
            guard let expected = Double(text), expected.isFinite else { continue }
            scan(text) { number, bytes in
                #expect(number?.double(bytes) == strtod(text, nil), "\(text), seed \(random.seed)")
                #expect(number?.float(bytes) == strtof(text, nil), "\(text), seed \(random.seed)")
            }
        }
    }

    @Test(
        "knows JSON's grammar",
        arguments: ["", "-", "+1", "01", "-01", "1.", ".1", "1e", "1e+", "0x1", "1_0", "Infinity", "nan", "1a"])
    func refusesOtherForms(text: String) {
        scan(text) { number, _ in #expect(number == nil) }
    }

    @Test(
        "reads magnitudes of up to 64 bits",
        arguments: [
            ("18446744073709551615", UInt64.max), ("18446744073709551616", nil), ("99999999999999999999", nil),
            ("0", 0), ("100", 100), ("1e2", 100), ("1.0", 1), ("1.5", nil), ("1e20", nil), ("0.0", 0),
        ] as [(String, UInt64?)])
    func readsMagnitudes(text: String, expected: UInt64?) {
        scan(text) { number, _ in #expect(number?.magnitude == expected) }
    }
}

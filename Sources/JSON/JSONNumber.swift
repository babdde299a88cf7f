/// A JSON number, scanned once: its digits as an integer, its decimal exponent, and where it stands.
@usableFromInline package struct JSONNumber {
    @usableFromInline package var isNegative = false
    /// The digits without point, exact unless `overflow`.
    @usableFromInline package var significand: UInt64 = 0
    @usableFromInline package var overflow = false
    @usableFromInline package var digits = 0
    @usableFromInline package var exponent = 0
    @usableFromInline package var isInteger = true
    @usableFromInline package var range: Range<Int> = 0..<0

    @inlinable init() {}

    /// The number at `position`, by JSON's grammar; `nil` when there is none.
    @inline(__always)
    @inlinable package static func scan(_ bytes: UnsafeRawBufferPointer, at position: Int, end: Int) -> JSONNumber? {
        var number = JSONNumber()
        var index = position
        if index < end, bytes[index] == UInt8(ascii: "-") {
            number.isNegative = true
            index += 1
        }
        let firstDigit = index
        while index < end, let digit = digit(bytes[index]) {
            number.append(digit)
            index += 1
        }
        guard index > firstDigit else { return nil }
        // No leading zeros.
        if bytes[firstDigit] == UInt8(ascii: "0"), index > firstDigit + 1 { return nil }
        if index < end, bytes[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            number.isInteger = false
            while index < end, let digit = digit(bytes[index]) {
                number.append(digit)
                number.exponent -= 1
                index += 1
            }
            guard index > start else { return nil }
        }
        if index < end, bytes[index] | 0x20 == UInt8(ascii: "e") {
            guard let next = number.scanExponent(bytes, at: index + 1, end: end) else { return nil }
            index = next
        }
        guard index == end || JSONGrammar.endsScalar(bytes[index]) else { return nil }
        number.range = position..<index
        return number
    }

    @inline(__always)
    @inlinable static func digit(_ byte: UInt8) -> UInt64? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? UInt64(value) : nil
    }

    @inline(__always)
    @inlinable mutating func append(_ digit: UInt64) {
        if significand == 0 && digit == 0 { return }
        digits += 1
        if digits > 19 {
            let (product, overflowed) = significand.multipliedReportingOverflow(by: 10)
            let (sum, overflowedAgain) = product.addingReportingOverflow(digit)
            overflow = overflow || overflowed || overflowedAgain
            significand = sum
        } else {
            significand = significand &* 10 &+ digit
        }
    }

    @inlinable mutating func scanExponent(_ bytes: UnsafeRawBufferPointer, at position: Int, end: Int) -> Int? {
        isInteger = false
        var index = position
        var isNegative = false
        if index < end, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            isNegative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        let start = index
        var value = 0
        while index < end, let digit = Self.digit(bytes[index]) {
            value = min(value * 10 + Int(digit), 100_000)
            index += 1
        }
        guard index > start else { return nil }
        exponent += isNegative ? -value : value
        return index
    }

    /// The magnitude as an integer; `nil` for a number with a fraction or of more than 64 bits. `1e3` and `5.0`
    /// are integers written in another way.
    @inlinable package var magnitude: UInt64? {
        guard !overflow else { return nil }
        if isInteger { return significand }
        var value = significand
        var exponent = self.exponent
        while exponent < 0, value != 0 {
            guard value % 10 == 0 else { return nil }
            value /= 10
            exponent += 1
        }
        while exponent > 0, value != 0 {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = next
            exponent -= 1
        }
        return value
    }

    /// The nearest double: exactly by one multiplication or division where both numbers are exact (at most 15
    /// digits, powers of ten up to 10^22), as the standard library reads it otherwise.
    /// - Source: W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990, section 2.
    @inline(__always)
    @inlinable package func double(_ bytes: UnsafeRawBufferPointer) -> Double {
        if digits <= 15, (-22...22).contains(exponent) {
            let value = Double(significand)
            let scaled =
                exponent < 0 ? value / ShortDecimal.powerOfTen(-exponent) : value * ShortDecimal.powerOfTen(exponent)
            return isNegative ? -scaled : scaled
        }
        return Double(text(bytes)) ?? .nan
    }

    /// The nearest float, rounded once.
    @inline(__always)
    @inlinable package func float(_ bytes: UnsafeRawBufferPointer) -> Float {
        // Seven digits and powers up to 10^10 are exact in a float.
        if digits <= 7, (-10...10).contains(exponent) {
            let value = Float(significand)
            let scaled =
                exponent < 0
                ? value / Float(ShortDecimal.powerOfTen(-exponent)) : value * Float(ShortDecimal.powerOfTen(exponent))
            return isNegative ? -scaled : scaled
        }
        return slowFloat(bytes)
    }

    @inlinable func slowFloat(_ bytes: UnsafeRawBufferPointer) -> Float {
        // A double has 29 bits more than a float. Rounding twice goes wrong only when the double lies exactly
        // between two floats; the last 29 bits tell.
        if digits <= 15, (-22...22).contains(exponent) {
            let value = double(bytes)
            let magnitude = abs(value)
            if magnitude == 0 || (magnitude > 1.2e-38 && magnitude < 3.4e38),
                value.bitPattern & 0x1FFF_FFFF != 0x1000_0000
            {
                return Float(value)
            }
        }
        return Float(text(bytes)) ?? .nan
    }

    /// The number as it stands.
    @usableFromInline func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }
}

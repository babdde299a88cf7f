/// A JSON number of at most 19 digits and no exponent, as nearly all are: small enough to stay in registers.
@usableFromInline package struct ShortDecimal {
    /// The digits without the point.
    @usableFromInline package var significand: UInt64
    /// Digits behind the point, 0 to 18.
    @usableFromInline package var fractionDigits: Int
    @usableFromInline package var isNegative: Bool

    @inlinable init(significand: UInt64, fractionDigits: Int, isNegative: Bool) {
        self.significand = significand
        self.fractionDigits = fractionDigits
        self.isNegative = isNegative
    }

    /// The number at `position`, which then stands behind it. `nil`, with `position` as it was, for whatever is longer,
    /// has an exponent, or is no number: `JSONNumber` tells.
    @inline(__always)
    @inlinable package static func scan(_ bytes: UnsafeRawBufferPointer, at position: inout Int, end: Int)
        -> ShortDecimal?
    {
        var index = position
        let isNegative = index < end && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let first = index
        var significand: UInt64 = 0
        scanDigits(bytes, from: &index, end: end, into: &significand)
        let wholeDigits = index - first
        guard wholeDigits > 0, wholeDigits == 1 || bytes[first] != UInt8(ascii: "0") else { return nil }
        var fractionDigits = 0
        if index < end, bytes[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            scanDigits(bytes, from: &index, end: end, into: &significand)
            fractionDigits = index - start
            guard fractionDigits > 0 else { return nil }
        }
        // More digits have overflowed.
        guard wholeDigits + fractionDigits <= 19 else { return nil }
        guard index < end, JSONGrammar.endsScalar(bytes[index]) else { return nil }
        position = index
        return ShortDecimal(significand: significand, fractionDigits: fractionDigits, isNegative: isNegative)
    }

    /// Appends the digits at `index`, eight at a time and without a branch on their number: 2,048 values from 0 to 255 take
    /// 18 µs in place of 23 with a loop over digits, whose end no processor guesses.
    /// - Source: D. Lemire, "Quickly parsing eight digits", 2018; the count of digits by carry into each byte's top bit.
    @inline(__always)
    @inlinable static func scanDigits(
        _ bytes: UnsafeRawBufferPointer, from index: inout Int, end: Int, into significand: inout UInt64
    ) {
        while index + 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let digits = word ^ 0x3030_3030_3030_3030
            let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
            let count = others.trailingZeroBitCount >> 3
            guard count > 0 else { return }
            var value = digits &<< UInt64(64 - 8 * count)
            value = (value &* 2_561) >> 8 & 0x00FF_00FF_00FF_00FF
            value = (value &* 6_553_601) >> 16 & 0x0000_FFFF_0000_FFFF
            value = (value &* 42_949_672_960_001) >> 32
            significand = significand &* integerPowers[count] &+ value
            index += count
            guard count == 8 else { return }
        }
        while index < end {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return }
            significand = significand &* 10 &+ UInt64(digit)
            index += 1
        }
    }

    @usableFromInline static let integerPowers: InlineArray<9, UInt64> = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
    ]

    /// The number as an integer; `nil` if it has a fraction or does not fit.
    @inline(__always)
    @inlinable package func integer<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard fractionDigits == 0, significand <= UInt64(Int64.max) else { return nil }
        let magnitude = Int64(bitPattern: significand)
        return T(exactly: isNegative ? -magnitude : magnitude)
    }

    /// The nearest float; `nil` where that cannot be told without more digits.
    ///
    /// Up to 2^24 and 10^10 both operands are exact, so one division rounds once. Else the quotient of doubles is within 2
    /// units in its last place of the number, and rounding it gives the nearest float unless a midpoint between two floats
    /// (last 29 bits 0x10000000) is that near.
    @inline(__always)
    @inlinable package var float: Float? {
        let magnitude: Float
        if significand <= 1 << 24, fractionDigits <= 10 {
            magnitude = Float(significand) / Float(Self.powerOfTen(fractionDigits))
        } else {
            let quotient = Double(significand) / Self.powerOfTen(fractionDigits)
            guard (quotient.bitPattern & 0x1FFF_FFFF) &- 0x0FFF_FFFC > 8 else { return nil }
            magnitude = Float(quotient)
        }
        return isNegative ? -magnitude : magnitude
    }

    /// The nearest double; `nil` where that cannot be told without more digits.
    ///
    /// Up to 2^53 one division rounds once. Else the quotient q of the rounded significand is corrected by what both
    /// roundings lost: c = (remainder + lost digits) / power. q + c is the nearest double unless the part of c that it
    /// drops comes within 2^-20 of half a unit in the last place.
    /// - Source: T. J. Dekker, "A floating-point technique for extending the available precision", 1971, section 5.
    @inline(__always)
    @inlinable package var double: Double? {
        let power = Self.powerOfTen(fractionDigits)
        let magnitude: Double
        if significand <= 1 << 53 {
            magnitude = Double(significand) / power
        } else {
            let rounded = Double(significand)
            let lost = Double(Int64(bitPattern: significand &- UInt64(rounded)))
            let quotient = rounded / power
            let remainder = rounded.addingProduct(-quotient, power)
            let correction = (remainder + lost) / power
            magnitude = quotient + correction
            let dropped = abs(correction - (magnitude - quotient))
            // Below a power of two the unit is half as large; such numbers are rare enough for the long way.
            let half = magnitude.ulp / 2
            guard magnitude.significandBitPattern != 0, abs(dropped - half) > half * 0x1p-20 else { return nil }
        }
        return isNegative ? -magnitude : magnitude
    }

    /// 10^0 to 10^22 are exact in a double.
    @inline(__always)
    @inlinable package static func powerOfTen(_ exponent: Int) -> Double { powers[exponent] }

    @usableFromInline static let powers: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}

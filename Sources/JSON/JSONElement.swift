/// A number type that JSON tensors may hold.
@usableFromInline package protocol JSONElement: BitwiseCopyable {
    /// The value of `number`, or `nil` when the type cannot hold it exactly (integers) or finitely (floats).
    static func value(of number: JSONNumber, _ bytes: UnsafeRawBufferPointer) -> Self?
    /// The same for a short number; `nil` also when it takes the long way to know.
    static func value(of number: ShortDecimal) -> Self?
    /// The value that a string stands for: `NaN`, `Infinity` or `-Infinity`, as answers have them.
    static func value(named name: some Collection<UInt8>) -> Self?
    /// What is allowed, for error texts.
    static var allowed: String { get }
}

extension JSONElement where Self: FixedWidthInteger {
    @inline(__always)
    @inlinable package static func value(of number: JSONNumber, _ bytes: UnsafeRawBufferPointer) -> Self? {
        guard let magnitude = number.magnitude else { return nil }
        if !number.isNegative { return Self(exactly: magnitude) }
        if magnitude <= UInt64(Int64.max) { return Self(exactly: -Int64(magnitude)) }
        return magnitude == UInt64(Int64.max) + 1 ? Self(exactly: Int64.min) : nil
    }

    @inline(__always)
    @inlinable package static func value(of number: ShortDecimal) -> Self? { number.integer(Self.self) }

    @inlinable package static func value(named name: some Collection<UInt8>) -> Self? { nil }

    @inlinable package static var allowed: String { "a whole number from \(Self.min) to \(Self.max)" }
}

extension JSONElement where Self: BinaryFloatingPoint {
    @inlinable package static func value(named name: some Collection<UInt8>) -> Self? {
        for (text, value) in [("NaN", Self.nan), ("Infinity", .infinity), ("-Infinity", -.infinity)]
        where name.elementsEqual(text.utf8) {
            return value
        }
        return nil
    }
}

extension Int8: JSONElement {}
extension Int16: JSONElement {}
extension Int32: JSONElement {}
extension Int64: JSONElement {}
extension UInt8: JSONElement {}
extension UInt16: JSONElement {}
extension UInt32: JSONElement {}
extension UInt64: JSONElement {}

extension Float: JSONElement {
    @inline(__always)
    @inlinable package static func value(of number: JSONNumber, _ bytes: UnsafeRawBufferPointer) -> Float? {
        let value = number.float(bytes)
        return value.isFinite ? value : nil
    }

    @inline(__always)
    @inlinable package static func value(of number: ShortDecimal) -> Float? { number.float }

    @inlinable package static var allowed: String {
        "a finite number of FP32, at most 3.4028235e38 in magnitude, or \"NaN\", \"Infinity\", \"-Infinity\""
    }
}

extension Double: JSONElement {
    @inline(__always)
    @inlinable package static func value(of number: JSONNumber, _ bytes: UnsafeRawBufferPointer) -> Double? {
        let value = number.double(bytes)
        return value.isFinite ? value : nil
    }

    @inline(__always)
    @inlinable package static func value(of number: ShortDecimal) -> Double? { number.double }

    @inlinable package static var allowed: String {
        "a finite number of FP64, at most 1.7976931348623157e308 in magnitude, or \"NaN\", \"Infinity\", \"-Infinity\""
    }
}

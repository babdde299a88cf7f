extension FixedWidthInteger {
    /// The quotient rounded toward minus infinity; `divisor` above 0.
    package func flooredQuotient(by divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

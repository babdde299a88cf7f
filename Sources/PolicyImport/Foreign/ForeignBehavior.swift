/// `behavior` of autoscaling/v2, as the manifest has it.
struct ForeignBehavior {
    struct Direction {
        var select = Select.max
        var selectField: ManifestField?
        /// Seconds.
        var window: Sourced<Int>?
        var tolerance: Sourced<Double>?
        var toleranceField: ManifestField?
        /// `nil`: not given, so the defaults hold. Given ones take the place of all defaults.
        var policies: [Rate]?
    }

    enum Select: String { case max = "Max", min = "Min", disabled = "Disabled" }

    /// So much in a period.
    struct Rate {
        enum Unit: String { case pods = "Pods", percent = "Percent" }

        var unit: Unit
        var value: Int
        /// Seconds.
        var period: Int
        var field: ManifestField
    }

    var up = Direction()
    var down = Direction()

    init(_ field: ManifestField, notes: ImportNotes) {
        guard var mapping = field.mapping(notes: notes) else { return }
        if let field = mapping.take("scaleUp") { up = Self.direction(field, notes: notes) }
        if let field = mapping.take("scaleDown") { down = Self.direction(field, notes: notes) }
        notes.rest(of: mapping, "not translated: no key of behavior that Spate knows")
    }

    private static func direction(_ field: ManifestField, notes: ImportNotes) -> Direction {
        var direction = Direction()
        guard var mapping = field.mapping(notes: notes) else { return direction }
        direction.window = mapping.take("stabilizationWindowSeconds")?
            .integer(in: 0...86_400, default: "the default", notes: notes)
        if let field = mapping.take("tolerance") {
            direction.toleranceField = field
            direction.tolerance = field.quantity(in: 0...1, default: "0.1", notes: notes)
        }
        if let field = mapping.take("selectPolicy") {
            direction.selectField = field
            if let select = field.text.flatMap(Select.init) {
                direction.select = select
            } else {
                notes.warn(field, "\(field.shown) is none of Max, Min, Disabled; Max stands instead")
            }
        }
        if let field = mapping.take("policies") {
            let rates = field.items(notes: notes).compactMap { rate($0, notes: notes) }
            if !rates.isEmpty { direction.policies = rates }
        }
        notes.rest(of: mapping, "not translated: no key of \(field.name) that Spate knows")
        return direction
    }

    private static func rate(_ field: ManifestField, notes: ImportNotes) -> Rate? {
        guard var mapping = field.mapping(notes: notes) else { return nil }
        let type = mapping.take("type")
        let value = mapping.take("value")?.integer(in: 0...1_000_000, default: "nothing", notes: notes)
        let period = mapping.take("periodSeconds")?.integer(in: 1...86_400, default: "nothing", notes: notes)
        notes.rest(of: mapping, "not translated: no key of a policy that Spate knows")
        guard let unit = type?.text.flatMap(Rate.Unit.init), let value, let period else {
            notes.warn(field, "not translated: a policy needs type (Pods, Percent), value and periodSeconds")
            return nil
        }
        return Rate(unit: unit, value: value.value, period: period.value, field: field)
    }
}

package import Jobs

/// Where a worker says what its instances run at each moment, and whether it loads a model, for whoever sees it die. By
/// default nobody looks.
///
/// Told before each run and after it on the thread of the instance; must take microseconds and never fail.
package struct RunNotes: Sendable {
    package enum Load: Sendable { case began, ended }

    /// Places for so many instances: the first; `nil`: there are no more, and what runs there is not known.
    package var reserve: @Sendable (_ instances: Int) -> Int?
    /// What the instance of a place runs from now on; empty: nothing.
    package var note: @Sendable (_ jobs: [JobID], _ place: Int) -> Void

    /// One more model is being loaded from now on, or one fewer. A load beyond its bound has ended.
    package var load: @Sendable (Load) -> Void

    package init(
        reserve: @escaping @Sendable (_ instances: Int) -> Int? = { _ in nil },
        note: @escaping @Sendable (_ jobs: [JobID], _ place: Int) -> Void = { _, _ in },
        load: @escaping @Sendable (Load) -> Void = { _ in }
    ) {
        self.reserve = reserve
        self.note = note
        self.load = load
    }

    /// The places of one model's instances.
    struct OfModel: Sendable {
        fileprivate var first: Int?
        fileprivate var note: @Sendable (_ jobs: [JobID], _ place: Int) -> Void

        func note(_ jobs: [JobID], on instance: Int) {
            if let first { note(jobs, first + instance) }
        }
    }

    func ofModel(instances: Int) -> OfModel { OfModel(first: reserve(instances), note: note) }
}

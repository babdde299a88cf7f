import ScalerCore
package import Forecasting
import Jobs
package import Scaling
import Settings
import Time

extension ScalerService {
    /// How far ahead the calendar is looked at; longer than any start-up that makes sense to wait for.
    private static let calendarHorizon = Duration.seconds(1_800)

    /// What the calendar says of a model.
    func declared(for queue: QueueName, at now: Timestamp) -> [ExpectedArrivals] {
        configuration.settings.calendar.filter { $0.model == nil || $0.model == queue.model }.flatMap { declared in
            declared.event.expected(from: now, to: now + Self.calendarHorizon, in: declared.rules)
        }.map { ExpectedArrivals($0) }
    }
}

extension ExpectedArrivals {
    package init(_ rate: ExpectedRate) {
        let source: Source =
            switch rate.source {
            case .forecast: .forecast
            case .event(let name): .event(name)
            }
        self.init(source: source, starts: rate.starts, ends: rate.ends, jobsPerSecond: rate.jobsPerSecond)
    }
}

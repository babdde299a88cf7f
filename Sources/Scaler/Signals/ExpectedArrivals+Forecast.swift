package import Forecasting
package import Scaling

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

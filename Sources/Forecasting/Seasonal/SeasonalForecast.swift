package import Time

/// What the same minute of earlier days says of a minute to come.
///
/// For each of the days `daysBack` before, in local time: the larger of the peak within one minute and the
/// 0.9 quantile within `window` minutes. Of these days the highest, but at most `outlierFactor` times the second
/// highest: one outlier day alone expects nothing.
///
/// The reference pools all minutes into one quantile. A peak of one minute on each of three days is 3 of 33 samples
/// (9 %) and would fall out of it, so the quantile is taken within each day, and the peak is kept beside it.
/// - Source: seasonal-naive form with guard as in grafana/mimir#16529.
package struct SeasonalForecast: Sendable, Equatable {
    /// Default 1, 7 and 14. Above 14 days and 23 hours nothing is kept.
    package var daysBack: [Int] = [1, 7, 14]
    /// Minutes on each side. Default 5.
    package var window = 5
    /// In (0, 1]. Default 0.9.
    package var quantile = 0.9
    /// Default 2: never above twice the second highest day.
    package var outlierFactor = 2.0
    /// Days that must be known, at least 2. Default 2.
    package var minimumDays = 2
    /// Calls a minute below which nothing is expected. Default 1.
    package var minimumPerMinute = 1.0

    package init() {}

    /// Arrivals expected in the minute that is `minute` minutes after the epoch; `nil` if too little is known.
    ///
    /// - Example: 08:30 on a Tuesday with 10,000 on Monday and the Tuesday before: 10,000. On a Saturday after a Friday
    ///   with 10,000 and a Saturday with 0: 0.
    package func arrivals(inMinute minute: Int64, of history: ArrivalHistory, in zone: TimeZoneRules = .utc) -> Double?
    {
        guard abs(minute) < 1 << 40 else { return nil }
        let local = minute * 60 + zone.offset(at: minute * 60)
        let days = daysBack.compactMap { back -> Double? in
            guard (1...14).contains(back) else { return nil }
            let earlier = zone.reading(of: local - Int64(back) * 86_400).instant.flooredQuotient(by: 60)
            return dayValue(around: earlier, of: history)
        }
        .sorted(by: >)
        guard days.count >= max(2, minimumDays), let highest = days.first else { return nil }
        return min(highest, outlierFactor * days[1])
    }

    private func dayValue(around minute: Int64, of history: ArrivalHistory) -> Double? {
        let window = Int64(min(max(1, window), 60))
        var known: [Double] = []
        var peak = 0.0
        for offset in -window...window {
            guard let count = history.count(inMinute: minute + offset) else { continue }
            known.append(Double(count))
            if abs(offset) <= 1 { peak = max(peak, Double(count)) }
        }
        guard known.count > Int(window) else { return nil }
        known.sort()
        let rank = Int((min(max(quantile, 0), 1) * Double(known.count)).rounded(.up))
        return max(peak, known[min(max(rank, 1), known.count) - 1])
    }

    /// What is expected from `now` to `now + horizon` (the 95th percentile of start-up time and a margin), at most a day.
    ///
    /// Neighbouring minutes with the same rate are one entry. Empty where too little is known.
    package func expected(
        from now: Timestamp, horizon: Duration, of history: ArrivalHistory, in zone: TimeZoneRules = .utc
    ) -> [ExpectedRate] {
        let first = ArrivalHistory.minute(of: now)
        let last = min(ArrivalHistory.minute(of: now + horizon), first + 1_440)
        guard first <= last else { return [] }
        var spans: [ExpectedRate] = []
        for minute in first...last {
            guard let arrivals = arrivals(inMinute: minute, of: history, in: zone), arrivals >= minimumPerMinute else {
                continue
            }
            let starts = Timestamp.zero + .seconds(minute * 60)
            let rate = arrivals / 60
            if let previous = spans.last, previous.ends == starts, previous.jobsPerSecond == rate {
                spans[spans.count - 1].ends = starts + .seconds(60)
            } else {
                spans.append(
                    ExpectedRate(source: .forecast, starts: starts, ends: starts + .seconds(60), jobsPerSecond: rate))
            }
        }
        return spans
    }
}

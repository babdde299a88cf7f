/// What a worker ran when it died, as far as that is known.
package enum LastRuns: Sendable, Equatable {
    /// Whatever it held may have run.
    case unknown
    /// These ran at that moment and nothing else did.
    case jobs(Set<JobID>)
    /// These ran while a model was being loaded or warmed, which may have ended the process as well.
    case besideLoad(Set<JobID>)
}

/// What was given back of a worker that is gone.
package struct Reaped: Sendable, Equatable {
    /// Jobs that went back, by queue; none of those from which nothing did.
    package var jobs: [QueueName: Int]
    /// The one that the death counts for: it was all that ran.
    package var blamed: JobID?

    package init(jobs: [QueueName: Int] = [:], blamed: JobID? = nil) {
        self.jobs = jobs
        self.blamed = blamed
    }

    package var count: Int { jobs.values.reduce(0, +) }
}

/// Which of a dead worker's jobs its death counts for. A death counts only for what ran, and is the fault of a job only
/// if nothing else ran.
///
/// | on trial | ran | may have been it: are tried alone from now on | guilty: one death more |
/// |---|---|---|---|
/// | none | unknown | all that it held | none |
/// | A | unknown | none | A: nothing runs beside a trial |
/// | none or A | B and C | B and C | none |
/// | none or A | B | none | B |
/// | none or A | nothing | none | none |
/// | none or A | any, while a model was loaded | those that ran | none: it may have been the load |
package struct Blame: Sendable, Equatable {
    package enum Suspects: Sendable, Equatable {
        case all
        case only(Set<JobID>)
    }

    package var suspects: Suspects
    package var guilty: JobID?

    /// - Parameter tried: the job that the worker had marked as the only one that it runs.
    package init(tried: JobID?, ran: LastRuns) {
        switch ran {
        case .unknown:
            suspects = tried == nil ? .all : .only([])
            guilty = tried
        case .jobs(let jobs):
            suspects = jobs.count == 1 ? .only([]) : .only(jobs)
            guilty = jobs.count == 1 ? jobs.first : nil
        case .besideLoad(let jobs):
            suspects = .only(jobs)
            guilty = nil
        }
    }

    /// Deaths that a job had before and has now: the first says that it was there, each further one that it was alone.
    package func crashes(_ before: Int, of id: JobID) -> Int {
        if id == guilty { return max(before, 1) + 1 }
        guard before == 0 else { return before }
        return switch suspects {
        case .all: 1
        case .only(let jobs): jobs.contains(id) ? 1 : 0
        }
    }
}

extension TakenJob {
    /// Workers that died while they ran this job and nothing else.
    package var deathsAlone: Int { max(0, crashes - 1) }

    /// Why it is not run again.
    package var poisonReason: String {
        "\(deathsAlone == 1 ? "1 worker" : "\(deathsAlone) workers") died while running this job and nothing else; "
            + "it is not run again"
    }
}

import CProcess
import Glibc
package import Jobs
import Synchronization

/// What a worker runs and loads at this moment, in memory that it shares with the process that started it, so that its
/// parent can say what ran when it died, whatever it died of.
///
/// One place for each instance of a model; each holds the ids of the jobs of its batch, one a line.
///
/// | bytes | what |
/// |---|---|
/// | 0 | `written`, once a worker uses it |
/// | 4 | `overflow`, once it has more instances than places |
/// | 8 | how many models it is loading |
/// | 8,192 · n | of instance n - 1: the length of the text that follows; 0: it is idle; `overflow`: too long |
package final class RunBoard: Sendable, Equatable {
    /// Where a worker finds its board.
    package static let variable = "SPATE_RUN_BOARD"

    private static let places = 63
    private static let placeBytes = 8_192
    private static let bytes = (places + 1) * placeBytes
    private static let written: UInt32 = 0x5350_4154
    private static let overflow = UInt32.max

    let descriptor: Int32
    /// Written by one process and read by another, in the order that `spate_publish` guards; each place by one thread
    /// at a time, that of its instance.
    private nonisolated(unsafe) let memory: UnsafeMutableRawPointer
    private let used = Atomic(0)
    private let loads = Mutex(0)

    private init(descriptor: Int32, memory: UnsafeMutableRawPointer) {
        self.descriptor = descriptor
        self.memory = memory
    }

    deinit {
        munmap(memory, Self.bytes)
        close(descriptor)
    }

    package static func == (one: RunBoard, other: RunBoard) -> Bool { one === other }

    // MARK: The parent

    /// A clean board; `nil` where the machine has no memory or descriptor for it: then nothing is known of what ran.
    static func make() -> RunBoard? {
        let descriptor = spate_shared_memory(UInt64(bytes))
        guard descriptor >= 0 else { return nil }
        guard let memory = spate_map(descriptor, UInt64(bytes)) else {
            close(descriptor)
            return nil
        }
        return RunBoard(descriptor: descriptor, memory: memory)
    }

    /// The board of a worker that another process started; `nil`: it has none, or is another user's.
    static func of(process: Int32) -> RunBoard? {
        let descriptor = open("/proc/\(process)/fd/\(SPATE_SHARED_DESCRIPTOR)", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        guard let memory = spate_map(descriptor, UInt64(bytes)) else {
            close(descriptor)
            return nil
        }
        return RunBoard(descriptor: descriptor, memory: memory)
    }

    /// What stood there when the worker ended. Whatever a broken worker left there does no harm.
    var lastRuns: LastRuns {
        guard published(0) == Self.written, published(4) != Self.overflow else { return .unknown }
        var jobs: Set<JobID> = []
        for place in 1...Self.places {
            let start = place * Self.placeBytes
            let length = published(start)
            if length == 0 { continue }
            guard length <= UInt32(Self.placeBytes - 4) else { return .unknown }
            let text = UnsafeRawBufferPointer(start: memory + start + 4, count: Int(length))
            for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
                guard let id = JobID(line) else { return .unknown }
                jobs.insert(id)
            }
        }
        return published(8) == 0 ? .jobs(jobs) : .besideLoad(jobs)
    }

    // MARK: The worker

    /// The board that this process was started with; `nil`: none.
    package static func own(in environment: [String: String]) -> RunBoard? {
        guard environment[variable] == "\(SPATE_SHARED_DESCRIPTOR)",
            let memory = spate_map(SPATE_SHARED_DESCRIPTOR, UInt64(bytes))
        else { return nil }
        // What the worker starts itself has no business with it.
        _ = fcntl(SPATE_SHARED_DESCRIPTOR, F_SETFD, FD_CLOEXEC)
        let board = RunBoard(descriptor: SPATE_SHARED_DESCRIPTOR, memory: memory)
        board.begin()
        return board
    }

    /// A worker uses it from now on.
    func begin() { publish(Self.written, at: 0) }

    /// Places for the instances of one model: the first of so many; `nil`: there are no more.
    package func reserve(_ instances: Int) -> Int? {
        let first = used.add(instances, ordering: .relaxed).oldValue + 1
        guard first + instances - 1 <= Self.places else {
            publish(Self.overflow, at: 4)
            return nil
        }
        return first
    }

    /// What the instance of this place runs from now on; empty: nothing. Microseconds; called around each run.
    package func note(_ jobs: [JobID], at place: Int) {
        guard (1...Self.places).contains(place) else { return }
        let start = place * Self.placeBytes
        guard !jobs.isEmpty else { return publish(0, at: start) }
        var text = jobs.map(\.description).joined(separator: "\n")
        let count = text.utf8.count
        guard count <= Self.placeBytes - 4 else { return publish(Self.overflow, at: start) }
        text.withUTF8 { bytes in
            if let base = bytes.baseAddress { memcpy(memory + start + 4, base, count) }
        }
        publish(UInt32(count), at: start)
    }

    /// So many more models are being loaded from now on; negative: fewer.
    package func noteLoads(_ change: Int) {
        // Within the lock, so that the last number stands.
        loads.withLock { count in
            count += change
            publish(UInt32(clamping: count), at: 8)
        }
    }

    private func publish(_ value: UInt32, at offset: Int) {
        spate_publish((memory + offset).assumingMemoryBound(to: UInt32.self), value)
    }

    private func published(_ offset: Int) -> UInt32 {
        spate_published((memory + offset).assumingMemoryBound(to: UInt32.self))
    }
}

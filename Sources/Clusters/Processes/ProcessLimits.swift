/// What one child process may take of the machine. None of it is set by default.
package struct ProcessLimits: Sendable, Equatable {
    /// Bytes of private memory (heap, stacks, writable private mappings) beyond which an allocation fails, which ends most
    /// programs. Model files that are mapped and shared do not count. It is the kernel's RLIMIT_DATA: it needs no rights and
    /// works on every machine; what a container or pod takes is limited by its own driver. `nil`: no limit.
    package var memoryBytes: UInt64?
    /// Added to the parent's niceness, -20 to 19; a positive one gives way to others, a negative one needs rights. Default 0.
    package var nice: Int
    /// Numbers of the only processors that it may run on; empty: all. A process on two of 64 starts two inference threads
    /// where it would start 64.
    package var processors: [Int]

    package init(memoryBytes: UInt64? = nil, nice: Int = 0, processors: [Int] = []) {
        self.memoryBytes = memoryBytes
        self.nice = nice
        self.processors = processors
    }
}

import Foundation

/// A file that grows line by line; each line is there even if the process ends with the next.
struct RecordFile: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let path: String
    private let handle: FileHandle

    init(_ path: String) throws {
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw Failure(description: "\(path) cannot be written") }
        self.handle = handle
    }

    func write(_ text: String) throws {
        guard !text.isEmpty else { return }
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            throw Failure(description: "\(path) cannot be written: \(error)")
        }
    }
}

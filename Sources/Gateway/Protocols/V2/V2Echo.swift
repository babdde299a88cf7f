import NIOCore

/// What the answer needs from the request, kept with the job until then: id and the form of the outputs.
struct V2Echo: Sendable, Equatable {
    var id: String?
    var outputs: [V2Request.Output]
    var isBinaryByDefault: Bool

    init(_ request: V2Request) {
        id = request.id
        outputs = request.outputs
        isBinaryByDefault = request.isBinaryByDefault
    }

    /// What is meant where nothing was kept: every output in JSON, no id.
    static let silent = V2Echo(V2Request())

    /// With every output in `form`, whatever was asked for.
    func with(_ form: TensorForm) -> V2Echo {
        var echo = self
        let isBinary: Bool
        switch form {
        case .asRequested: return self
        case .binary: isBinary = true
        case .json: isBinary = false
        }
        echo.isBinaryByDefault = isBinary
        for index in echo.outputs.indices { echo.outputs[index].isBinary = isBinary }
        return echo
    }

    /// Little-endian.
    ///
    /// | field | type |
    /// |---|---|
    /// | version | `UInt8`, 1 |
    /// | flags | `UInt8`: 1 binary by default, 2 has an id |
    /// | id | `UInt16` length, UTF-8; if flagged |
    /// | outputs | `UInt16` count; each a name, `UInt8` form (0 default, 1 JSON, 2 binary), `UInt32` classes |
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(1))
        buffer.writeInteger(UInt8((isBinaryByDefault ? 1 : 0) | (id == nil ? 0 : 2)))
        if let id { buffer.writeLengthPrefixedText(id) }
        buffer.writeInteger(UInt16(clamping: outputs.count), endianness: .little)
        for output in outputs {
            buffer.writeLengthPrefixedText(output.name)
            buffer.writeInteger(output.isBinary.map { UInt8($0 ? 2 : 1) } ?? 0)
            buffer.writeInteger(UInt32(clamping: output.classes), endianness: .little)
        }
    }

    static func decode(_ bytes: ByteBuffer) throws(V2Error) -> V2Echo {
        var buffer = bytes
        guard buffer.readInteger(as: UInt8.self) == 1, let flags = buffer.readInteger(as: UInt8.self) else {
            throw unreadable
        }
        var request = V2Request()
        request.isBinaryByDefault = flags & 1 != 0
        if flags & 2 != 0 {
            guard let id = buffer.readLengthPrefixedText() else { throw unreadable }
            request.id = id
        }
        guard let count = buffer.readInteger(endianness: .little, as: UInt16.self) else { throw unreadable }
        for _ in 0..<count {
            guard let name = buffer.readLengthPrefixedText(), let form = buffer.readInteger(as: UInt8.self),
                let classes = buffer.readInteger(endianness: .little, as: UInt32.self)
            else { throw unreadable }
            request.outputs.append(
                V2Request.Output(name: name, isBinary: form == 0 ? nil : form == 2, classes: Int(classes)))
        }
        guard buffer.readableBytes == 0 else { throw unreadable }
        return V2Echo(request)
    }

    private static let unreadable = V2Error(
        status: 500, message: "the job was submitted by another version of the gateway; its answer cannot be encoded")
}

extension ByteBuffer {
    fileprivate mutating func writeLengthPrefixedText(_ text: String) {
        let bytes = text.utf8.prefix(Int(UInt16.max))
        writeInteger(UInt16(clamping: bytes.count), endianness: .little)
        writeBytes(bytes)
    }

    fileprivate mutating func readLengthPrefixedText() -> String? {
        guard let length = readInteger(endianness: .little, as: UInt16.self) else { return nil }
        return readString(length: Int(length))
    }
}

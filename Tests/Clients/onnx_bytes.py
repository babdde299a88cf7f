"""ONNX models as bytes, without the onnx package: a few fields of its protocol buffers, by number."""

import struct

FLOAT, INT32, STRING, FLOAT16, BFLOAT16 = 1, 6, 8, 10, 16


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(kind, inputs, outputs):
    return b"".join([field(1, name) for name in inputs] + [field(2, name) for name in outputs]) + field(4, kind)


def value(name, element, dimensions):
    shape = b"".join(
        field(1, field(1, dimension) if isinstance(dimension, int) else field(2, dimension)) for dimension in dimensions)
    return field(1, name) + field(2, field(1, field(1, element) + field(2, shape)))


def model(nodes, inputs, outputs, initializers=()):
    graph = b"".join(
        [field(1, item) for item in nodes] + [field(2, "g")] + [field(5, item) for item in initializers]
        + [field(11, item) for item in inputs] + [field(12, item) for item in outputs])
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def dividing():
    """y is x, and z is x divided by -1: for the least INT32 the processor raises SIGFPE, which ONNX Runtime does not catch."""
    minus = field(1, 1) + field(2, INT32) + field(8, "minus") + field(9, struct.pack("<i", -1))
    return model(
        [node("Div", ["x", "minus"], ["z"]), node("Identity", ["x"], ["y"])],
        [value("x", INT32, ["n", 1])], [value("y", INT32, ["n", 1]), value("z", INT32, ["n", 1])], [minus])


def single(kind, element, *dimensions):
    """y = kind(x), both of the same type and shape."""
    return model([node(kind, ["x"], ["y"])], [value("x", element, dimensions)], [value("y", element, dimensions)])


def write(repository, name, data):
    """Puts a model into a repository."""
    folder = repository / name / "1"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(data)
    (repository / name / "model.yaml").touch()

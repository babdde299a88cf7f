"""A model with the weight of a language model's encoder and small requests: ids [rows, 128] to y [rows, 16].

model.py FOLDER PRECISION      writes FOLDER/model.onnx (fp32 or fp16), the same numbers each time
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LENGTH, WIDTH, INNER, LAYERS, WORDS, CLASSES = 128, 1024, 4096, 8, 1000, 16


def build(precision):
    kind = {"fp32": np.float32, "fp16": np.float16}[precision]
    random = np.random.default_rng(1)
    weights, nodes = [], []

    def weight(name, shape, scale):
        weights.append(numpy_helper.from_array((random.standard_normal(shape) * scale).astype(kind), name))
        return name

    nodes.append(helper.make_node("Gather", [weight("words", (WORDS, WIDTH), 1), "ids"], ["h0"]))
    gain = numpy_helper.from_array(np.ones(WIDTH, kind), "gain")
    weights.append(gain)
    for layer in range(LAYERS):
        up, down = weight(f"up{layer}", (WIDTH, INNER), WIDTH ** -0.5), weight(f"down{layer}", (INNER, WIDTH), INNER ** -0.5)
        nodes += [
            helper.make_node("LayerNormalization", [f"h{layer}", "gain"], [f"n{layer}"]),
            helper.make_node("MatMul", [f"n{layer}", up], [f"u{layer}"]),
            helper.make_node("Relu", [f"u{layer}"], [f"r{layer}"]),
            helper.make_node("MatMul", [f"r{layer}", down], [f"d{layer}"]),
            helper.make_node("Add", [f"h{layer}", f"d{layer}"], [f"h{layer + 1}"]),
        ]
    nodes += [
        helper.make_node("ReduceMean", [f"h{LAYERS}"], ["m"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["m", weight("out", (WIDTH, CLASSES), WIDTH ** -0.5)], ["z"]),
        helper.make_node("Cast", ["z"], ["y"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes, "encoder", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", LENGTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", CLASSES])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    onnx.save(build(sys.argv[2]), str(place / "model.onnx"))

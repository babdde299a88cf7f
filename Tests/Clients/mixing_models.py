"""Models that mix the rows of a run in ways that are easy to overlook, by name: what an attribute, a version, a number in a shape or
a name stands for is another thing than it seems.

Each is small and has a free first dimension at every input and output. None may be joined. All but the last two load in the runtime;
those two are there since looking at them must not end the process.
"""

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
node = helper.make_node


def port(name, shape=("n", 4), kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, value, kind=np.float32):
    return numpy_helper.from_array(np.array(value, kind), name)


def integers(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def made(nodes, constants=(), x=("n", 4), y=None, opset=21, domains=None, functions=(), sparse=(), inputs=None):
    graph = helper.make_graph(
        nodes, "g", inputs or [port("x", x)], [port("y", y or x)], list(constants), sparse_initializer=list(sparse))
    domains = domains or [("", opset), ("com.microsoft", 1), ("ai.onnx.ml", 3 if opset < 22 else 5)]
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid(*domain) for domain in domains], functions=list(functions), ir_version=10)


def rows_then(*nodes, **more):
    """`s`: the number of rows, as a list of one."""
    return made([node("Shape", ["x"], ["s"], start=0, end=1), *nodes], **more)


def centred(nodes, constants, **more):
    """Less the mean over the axis `ax`, which the nodes compute: 0 where the runtime does, 1 where one is careless."""
    return made(
        nodes + [node("ReduceMean", ["x", "ax"], ["m"]), node("Sub", ["x", "m"], ["y"])], constants, **more)


def branch(name, axis):
    return helper.make_graph([node("Softmax", ["x"], [name], axis=axis)], name, [], [port(name, None)])


def either(nodes, constants=(), **more):
    """A softmax over rows where `c` is false, along them where it is true."""
    return made(
        nodes + [node("If", ["c"], ["y"], then_branch=branch("along", 1), else_branch=branch("over", 0))], constants, **more)


def referring(operator, inputs, outputs, attribute, name):
    made = node(operator, inputs, outputs)
    reference = made.attribute.add()
    reference.name, reference.ref_attr_name, reference.type = attribute, name, AttributeProto.INT
    return made


def function(name, inputs, outputs, nodes, attributes=(), defaults=(), domain="f", opset=21):
    return helper.make_function(
        domain, name, inputs, outputs, nodes, [helper.make_opsetid("", opset)], list(attributes), list(defaults))


def unwritten(model, *names):
    """As writers do that leave out what is nought."""
    for each in model.graph.node:
        for attribute in each.attribute:
            if attribute.name in names:
                attribute.ClearField("i")
    return model


def all_of_them():
    picture, swap = ("n", 1, 4, 4), ("n", None, None, None)
    wide = [constant("w", [[1, 2, 3, 4]])]
    body_inputs = [port("i", (), INT64), port("c", (), BOOL), port("before", None)]
    adding = helper.make_graph(
        [node("Identity", ["c"], ["on"]), node("Add", ["x", "before"], ["after"])], "b", body_inputs,
        [port("on", (), BOOL), port("after", None)])
    through = helper.make_graph([node("Identity", ["e"], ["o"])], "b", [port("e", (), INT64)], [port("o", (), INT64)])
    resized = [
        node("Concat", ["s", "one", "size", "size"], ["to"], axis=0)]

    def counted(kind):
        return rows_then(
            node("Cast", ["s"], ["short"], to=kind), node("Cast", ["short"], ["n"], to=INT64),
            node("Concat", ["n", "four"], ["to"], axis=0), node("Expand", ["w", "to"], ["e"]),
            node("Add", ["x", "e"], ["y"]), constants=[integers("four", 4), *wide])

    yield "axis 0, not written", unwritten(made([node("Softmax", ["x"], ["y"], axis=0)]), "axis")
    yield "axis 0 of TopK, not written", unwritten(
        made([node("TopK", ["x", "k"], ["y", "p"], axis=0)], [integers("k", 1)]), "axis")
    yield "flattened from axis 0, not written", unwritten(
        made([node("Flatten", ["x"], ["y"], axis=0)], y=(None, None)), "axis")
    for name in ("?", "None", "unk__6"):
        yield f"two dimensions of the name {name}", made(
            [
                node("Transpose", ["x"], ["t"], perm=[1, 0, 2]), node("Shape", ["x"], ["n"], start=0, end=1),
                node("Shape", ["x"], ["d"], start=2, end=3), node("Concat", ["d", "n", "rest"], ["to"], axis=0),
                node("Reshape", ["t", "to"], ["r"]), node("Transpose", ["r"], ["y"], perm=[1, 0, 2]),
            ], [integers("rest", -1)], x=("n", name, name), y=("n", None, None))
    for opset in (7, 9):
        yield f"batch normalisation of version {opset} with five outputs", made(
            [node("BatchNormalization", ["x", "k", "k", "k", "k"], ["y", "a", "b", "c", "d"])],
            [constant("k", [1, 1, 1, 1])], opset=opset)
    yield "rows counted in 16 bits", counted(TensorProto.FLOAT16)
    yield "rows counted in 8 bits", counted(TensorProto.UINT8)
    yield "a loop that need not run", made(
        [node("Loop", ["most", "", "w"], ["y"], body=adding)], [constant("most", 0, np.int64), *wide], y=("n", None))
    naming = helper.make_graph(
        [node("Identity", ["c"], ["on"]), node("Identity", ["one"], ["after"])], "b",
        [port("i", (), INT64), port("c", (), BOOL), port("before", None, INT64)],
        [port("on", (), BOOL), port("after", None, INT64)])
    yield "an axis that a loop need not change", made(
        [
            node("Loop", ["most", "", "zero"], ["ax"], body=naming), node("ReduceMean", ["x", "ax"], ["m"]),
            node("Sub", ["x", "m"], ["y"]),
        ], [constant("most", 0, np.int64), integers("zero", 0), integers("one", 1)])
    yield "what is left of three times the rows", rows_then(
        node("Conv", ["x", "w"], ["p"], auto_pad="SAME_UPPER"), node("Mul", ["s", "three"], ["t"]),
        node("Concat", ["rest", "t"], ["to"], axis=0), node("Reshape", ["p", "to"], ["r"]),
        node("Softmax", ["r"], ["a"], axis=1), node("Shape", ["p"], ["back"]), node("Reshape", ["a", "back"], ["y"]),
        constants=[constant("w", np.ones((1, 1, 3, 3))), integers("three", 3), integers("rest", -1)], x=("n", 1, 6, 6), y=swap)
    yield "a part that is cut out of the rows", made(
        [node("Resize", ["x", "part", "scales"], ["y"], mode="linear",
              coordinate_transformation_mode="tf_crop_and_resize")],
        [constant("part", [0, 0, 0, 0, 0.5, 1, 1, 1]), constant("scales", [1, 1, 2, 2])], x=picture, y=swap)
    yield "a default of a function", made(
        [node("S", ["x"], ["y"], domain="f")], domains=[("", 21), ("f", 1)],
        functions=[function("S", ["a"], ["b"], [referring("Softmax", ["a"], ["b"], "axis", "ax")],
                            defaults=[helper.make_attribute("ax", 0)])])
    inner = helper.make_graph([referring("Softmax", ["a"], ["r"], "axis", "ax")], "b", [], [port("r", None)])
    yield "an attribute of a function, in a graph within", made(
        [node("S", ["x", "c"], ["y"], domain="f", ax=0)], [constant("c", True, bool)], domains=[("", 21), ("f", 1)],
        functions=[function("S", ["a", "c"], ["b"], [node("If", ["c"], ["b"], then_branch=inner, else_branch=inner)],
                            attributes=["ax"])])
    yield "a function of another version", made(
        [node("Transpose", ["x"], ["t"]), node("S", ["t"], ["u"], domain="f"), node("Transpose", ["u"], ["y"])],
        domains=[("", 11), ("f", 1)],
        functions=[function("S", ["a"], ["b"], [node("Softmax", ["a"], ["b"], axis=0)], opset=13)])
    yield "a function with the name of an operator", made(
        [node("ReduceSum", ["x", "zero"], ["r"]), node("Add", ["x", "r"], ["y"])], [integers("zero", 0)],
        functions=[function("ReduceSum", ["a", "b"], ["o"], [node("Identity", ["a"], ["o"])], domain="")])
    for policy, size in (("not_smaller", 8), ("not_larger", 2)):
        yield f"pictures and rows in proportion, {policy}", rows_then(
            *resized, node("Resize", ["x", "", "", "to"], ["y"], mode="nearest", keep_aspect_ratio_policy=policy),
            constants=[integers("one", 1), integers("size", size)], x=picture, y=swap)
    yield "angles of the row that another names", made(
        [node("RotaryEmbedding", ["x", "p", "c", "s"], ["y"], domain="com.microsoft")], y=swap,
        inputs=[port("x", ("n", 2, 2, 4)), port("p", ("n", 2), INT64), port("c", ("n", 2)), port("s", ("n", 2))])
    sparse = helper.make_sparse_tensor(constant("w", [1, 2, 3]), integers("", 0, 1, 2), [3])
    yield "a sparse weight of three rows", made([node("Add", ["x", "w"], ["y"])], x=("n",), sparse=[sparse])
    yield "as many places as rows times rows", rows_then(
        node("Mul", ["s", "s"], ["q"]), node("Concat", ["q", "rest"], ["to"], axis=0), node("Reshape", ["x", "to"], ["r"]),
        node("Softmax", ["r"], ["a"], axis=1), node("Shape", ["x"], ["back"]), node("Reshape", ["a", "back"], ["y"]),
        constants=[integers("rest", -1)])
    yield "the number of rows, scanned", made(
        [
            node("Shape", ["x"], ["s"]), node("Scan", ["s"], ["q"], body=through, num_scan_inputs=1),
            node("Gather", ["q", "first"], ["n"]), node("Cast", ["n"], ["f"], to=FLOAT), node("Mul", ["x", "f"], ["y"]),
        ], [constant("first", 0, np.int64)])
    yield "a weight resized to the number of rows", rows_then(
        node("Concat", ["one", "one", "one", "s"], ["to"], axis=0),
        node("Resize", ["w", "", "", "to"], ["q"], mode="nearest"), node("ReduceSum", ["q"], ["f"], keepdims=0),
        node("Mul", ["x", "f"], ["y"]), constants=[integers("one", 1), constant("w", [[[[1, 2, 3, 4]]]])])
    yield "a number that goes round at 256", centred(
        [
            node("Cast", ["k"], ["u"], to=TensorProto.UINT8), node("Cast", ["u"], ["v"], to=INT64),
            node("Equal", ["v", "k"], ["e"]), node("Cast", ["e"], ["ax"], to=INT64),
        ], [integers("k", 257)])
    yield "a number that goes round at 2^31", centred(
        [node("Add", ["k", "k"], ["v"]), node("Less", ["k", "v"], ["e"]), node("Cast", ["e"], ["ax"], to=INT64)],
        [constant("k", [2 ** 31 - 5], np.int32)])
    yield "a product that short numbers round up", centred(
        [
            node("Mul", ["a", "b"], ["v"]), node("Floor", ["v"], ["f"]), node("Cast", ["f"], ["w"], to=INT64),
            node("Sub", ["seven", "w"], ["ax"]),
        ], [constant("a", [0.7]), constant("b", [10]), integers("seven", 7)])
    yield "a dimension that may be nought", either(
        [
            node("Slice", ["x", "three", "end", "one"], ["rest"]), node("Shape", ["rest"], ["d"], start=1, end=2),
            node("Squeeze", ["d"], ["size"]), node("Equal", ["size", "zero"], ["is"]), node("Not", ["is"], ["c"]),
        ], [integers("three", 3), integers("end", 2 ** 62), integers("one", 1), constant("zero", 0, np.int64)],
        x=("n", "d"), y=("n", None))
    yield "as many axes as no list may have", made(
        [node("ReduceMean", ["x"], ["m"], axes=[1] * 65 + [0]), node("Sub", ["x", "m"], ["y"])], opset=11)
    yield "a matrix beside which there are more rows", made(
        [node("Gemm", ["a", "b", "x"], ["y"])], [constant("a", [[1, 2]]), constant("b", np.ones((2, 4)))])
    yield "a picture that is added to each", made(
        [node("FusedConv", ["x", "w", "", "z"], ["y"], domain="com.microsoft", activation="Relu")],
        [constant("w", np.ones((1, 1, 1, 1))), constant("z", np.ones((1, 1, 4, 4)))], x=picture, y=swap)
    yield "scales for blocks of rows", made(
        [node("QuantizeLinear", ["x", "s"], ["q"], axis=0, block_size=4), node("Cast", ["q"], ["y"], to=FLOAT)],
        [constant("s", [[0.5]])], x=("n", 1))
    yield "what nobody looks at", made(
        [node("Reshape", ["x", "flat"], ["unused"]), node("Relu", ["x"], ["y"])], [integers("flat", 1, 4)])
    yield "a classifier of a number", made(
        [
            node("LinearClassifier", ["k"], ["label", "scores"], domain="ai.onnx.ml", coefficients=[1.0, 2.0],
                 intercepts=[0.0, 0.0], classlabels_ints=[0, 1]), node("Softmax", ["x"], ["y"], axis=0),
        ], [constant("k", 1)])
    yield "places beyond all numbers", made(
        [node("GatherND", ["x", "i"], ["y"], batch_dims=1)],
        inputs=[port("x"), port("i", ("n", 2 ** 63 - 1), INT64)], y=("n", None))

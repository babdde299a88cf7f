"""Every operator of ONNX: where `spate check` would join rows, the runtime gives each row what it gives it alone.

The models are those of ONNX's own tests of its operators, with a first dimension that is free: of all inputs, of one
of them (the others are then constants), and of each by itself. Which of them count rows that are independent is for
Spate to say; the runtime alone, without Spate, says whether that is so.
"""

import re
import subprocess
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from conftest import SPATE
from mixing_models import all_of_them

# How many of the models are joined is no matter of right and wrong; far fewer would make the test an empty one.
JOINED_AT_LEAST = 900


def cases():
    from onnx.backend.test.case.node import collect_testcases
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return collect_testcases(None)


def variants(case):
    """(model, {free input: its array}) with the first dimension of some inputs free."""
    graph = case.model.graph
    inputs, _ = case.data_sets[0]
    if len(inputs) != len(graph.input) or not all(isinstance(value, np.ndarray) for value in inputs):
        return
    given = {port.name: value for port, value in zip(graph.input, inputs)}
    with_rows = [
        port.name for port in graph.input
        if len(port.type.tensor_type.shape.dim) == given[port.name].ndim > 0 and given[port.name].shape[0] > 0]
    if not with_rows:
        return
    rows = given[with_rows[0]].shape[0]
    sets = [[name for name in with_rows if given[name].shape[0] == rows]] + [[name] for name in with_rows]
    for free in {tuple(names): names for names in sets}.values():
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        kept = [port for port in model.graph.input if port.name in free]
        for port in model.graph.input:
            if port.name not in free:
                model.graph.initializer.append(numpy_helper.from_array(given[port.name], port.name))
        del model.graph.input[:]
        model.graph.input.extend(kept)
        for port in model.graph.input:
            port.type.tensor_type.shape.dim[0].dim_param = "n"
        try:
            for port in model.graph.output:
                for place, dimension in enumerate(port.type.tensor_type.shape.dim):
                    dimension.Clear()
                    dimension.dim_param = "n" if place == 0 else f"{port.name}_{place}"
        except AttributeError:
            continue
        del model.graph.value_info[:]
        model.ir_version = min(model.ir_version, 10)
        yield model, {name: given[name] for name in free}


def other_rows(array, random):
    """As many rows of the same kind and of other values: within what was there, where numbers may be indices."""
    if array.dtype.kind == "f":
        made = random.standard_normal(array.shape) * np.exp(random.uniform(-3, 3, (len(array),) + (1,) * (array.ndim - 1)))
        return made.astype(array.dtype)
    flat = array.reshape(-1)
    return flat[random.integers(0, len(flat), len(flat))].reshape(array.shape)


def same(alone, together):
    if alone.shape != together.shape or alone.dtype != together.dtype:
        return False
    if alone.dtype.kind not in "fc":
        return bool(np.array_equal(alone, together))
    rows = alone.reshape(len(alone), -1).astype(np.float64), together.reshape(len(alone), -1).astype(np.float64)
    if rows[0].size == 0:
        return True
    finite = np.where(np.isfinite(rows[0]), np.abs(rows[0]), 0)
    digits = 2e-3 if alone.dtype.itemsize == 2 else 2e-5
    near = np.abs(rows[0] - rows[1]) <= digits * finite.max(axis=1, keepdims=True, initial=0) + 1e-30
    return bool(np.all(near | (rows[0] == rows[1]) | (np.isnan(rows[0]) & np.isnan(rows[1]))))


def disagreement(model, given, random):
    """What a run of several requests gives one of them beyond what it gets alone; `None`: nothing."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    except Exception:
        return "cannot be loaded"
    requests = [given]
    for _ in range(3):
        requests.append({name: other_rows(value, random) for name, value in given.items()})
    requests.append({name: value[:1] for name, value in requests[1].items()})
    try:
        alone = [session.run(None, request) for request in requests]
    except Exception:
        return "cannot be run"
    counts = [len(next(iter(request.values()))) for request in requests]
    try:
        together = session.run(None, {name: np.concatenate([request[name] for request in requests]) for name in given})
    except Exception as error:
        return f"fails where it is joined: {str(error)[:200]}"
    for index, output in enumerate(together):
        if output.ndim == 0 or len(output) != sum(counts):
            return f"output {index} has the shape {output.shape} for {sum(counts)} rows"
        parts = np.split(output, np.cumsum(counts)[:-1])
        for request, part in enumerate(parts):
            if not same(alone[request][index], part):
                return f"request {request} gets another output {index} beside others than alone"
    return None


def said_of(models, folder):
    """Spate's sentence on each model of `models`, by name."""
    for name, model in models.items():
        place = folder / "models" / name / "1"
        place.mkdir(parents=True)
        onnx.save(model, str(place / "model.onnx"))
        (folder / "models" / name / "model.yaml").write_text("")
    config = folder / "spate.yaml"
    config.write_text(
        "models:\n" + "".join(f"  - {name}\n" for name in models) + "pools:\n  - {name: cpu, maximum_workers: 1}\n")
    done = subprocess.run([SPATE, "check", config], capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 1), done.stderr[-4000:]
    said = dict(re.findall(r"^joining  (\S+): (.*)$", done.stdout, re.MULTILINE))
    assert len(said) > len(models) * 0.9, done.stderr[-4000:]
    return said


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """(name, model, rows, Spate's sentence) of each."""
    models, rows = {}, {}
    for case in cases():
        for number, (model, given) in enumerate(variants(case)):
            models[f"{case.name}_{number}"], rows[f"{case.name}_{number}"] = model, given
    said = said_of(models, tmp_path_factory.mktemp("operators"))
    return [(name, models[name], rows[name], said[name]) for name in said]


def test_no_operator_is_joined_that_looks_at_other_rows(judged):
    random = np.random.default_rng(11)
    wrong, joined = [], 0
    for name, model, given, said in judged:
        if not said.startswith("rows are joined"):
            continue
        fault = disagreement(model, given, random)
        if fault in ("cannot be loaded", "cannot be run"):
            continue
        joined += 1
        if fault is not None:
            wrong.append(f"{name}: {fault}")
    print(f"{len(judged)} models, {joined} joined, {len(wrong)} of them wrong")
    assert not wrong, "\n".join(wrong)
    assert joined >= JOINED_AT_LEAST


def test_no_model_is_joined_that_mixes_rows_where_it_is_easily_overlooked(tmp_path):
    models, titles = {}, {}
    for number, (title, model) in enumerate(all_of_them()):
        models[f"mixing{number}"], titles[f"mixing{number}"] = model, title
    said = said_of(models, tmp_path)
    joined = [titles[name] for name, text in said.items() if text.startswith("rows are joined")]
    assert not joined
    assert len(said) == len(models)

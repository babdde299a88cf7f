"""Makes the digits model: scikit-learn's handwritten digits, a small perceptron, ONNX.

    python3 -m venv /tmp/train && /tmp/train/bin/pip install -r cluster/models/digits/requirements-train.txt
    /tmp/train/bin/python cluster/models/digits/train.py

Input `image` FP32 [-1, 64]: the pixels of an 8 x 8 picture, 0 to 16, row-major. Outputs `label` INT64 [-1] and
`probabilities` FP32 [-1, 10]. Writes 1/model.onnx and samples.json (pictures that were not trained on, with
the class that scikit-learn's own model gives them) beside this file.
"""

import json
import pathlib

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

FOLDER = pathlib.Path(__file__).resolve().parent
SEED = 8
SAMPLES = 50


def main():
    images, labels = load_digits(return_X_y=True)
    images = images.astype(np.float32)
    train, test, train_labels, test_labels = train_test_split(images, labels, test_size=0.25, random_state=SEED)
    model = make_pipeline(MinMaxScaler(), MLPClassifier((64,), max_iter=600, random_state=SEED))
    model.fit(train, train_labels)
    print(f"accuracy on {len(test)} pictures that were not trained on: {model.score(test, test_labels):.4f}")

    graph = to_onnx(
        model, initial_types=[("image", FloatTensorType([None, 64]))], target_opset={"": 17, "ai.onnx.ml": 3},
        options={"zipmap": False}, final_types=None)
    for node in graph.graph.node:
        node.output[:] = ["label" if name == "output_label" else name for name in node.output]
    for output in graph.graph.output:
        output.name = "label" if output.name == "output_label" else output.name
    target = FOLDER / "1" / "model.onnx"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(graph.SerializeToString())

    session = onnxruntime.InferenceSession(target)
    label, probabilities = session.run(["label", "probabilities"], {"image": test})
    assert (label == model.predict(test)).all(), "the ONNX model answers differently"
    assert np.abs(probabilities - model.predict_proba(test)).max() < 1e-4
    samples = {"images": test[:SAMPLES].astype(int).tolist(), "labels": model.predict(test[:SAMPLES]).tolist()}
    (FOLDER / "samples.json").write_text(json.dumps(samples, separators=(",", ":")) + "\n")
    print(f"{target.relative_to(FOLDER)}: {target.stat().st_size} bytes; samples.json: {SAMPLES} pictures")


if __name__ == "__main__":
    main()

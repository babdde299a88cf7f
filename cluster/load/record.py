"""Makes the recorded requests that `spate load` replays (format: FORMAT.md beside this file).

    .spate/venv/bin/python cluster/load/record.py .spate/recordings

magika.jsonl   real files of this repository, of every type that there is: what Magika's own Python computes from them (the
               first and last 1,024 bytes as INT32) and the class that its own model gives, every tenth checked against
               the label that Magika itself prints
digits.jsonl   the pictures of cluster/models/digits/samples.json with scikit-learn's answers
morning.jsonl  both, three requests in four from magika.jsonl
"""

import base64
import collections
import itertools
import json
import pathlib
import subprocess
import sys

import numpy as np
from magika import Magika
from magika.types import Seekable

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAXIMUM_FILES = 300


def repository_files():
    """Files under version control; in a folder that is none (an archive), every file that is not made by a build."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if listing.returncode == 0 and listing.stdout:
        paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]
    by_type = collections.defaultdict(list)
    for path in sorted(path for path in paths if path.is_file() and path.stat().st_size >= 64):
        by_type[path.suffix or path.name].append(path)
    # One of each type in turn, so that the many Swift files do not crowd out the others.
    turns = itertools.chain.from_iterable(itertools.zip_longest(*(by_type[key] for key in sorted(by_type))))
    return [path for path in turns if path is not None][:MAXIMUM_FILES]


def magika_requests():
    magika = Magika()
    config = magika._model_config
    labels = magika._target_labels_space
    session = magika._onnx_session
    for index, path in enumerate(repository_files()):
        with open(path, "rb") as file:
            features = Magika._extract_features_from_seekable(
                Seekable(file), config.beg_size, config.mid_size, config.end_size, config.padding_token,
                config.block_size, config.use_inputs_at_offsets)
        row = np.asarray([features.beg + features.end], dtype=np.int32)
        (scores,) = session.run(["target_label"], {"bytes": row})
        best, second = np.sort(scores[0])[::-1][:2]
        answer = int(scores[0].argmax())
        if best - second < 1e-3:
            continue  # A tie may fall either way in another batch.
        if index % 10 == 0:
            own = str(magika.identify_path(path).dl.label)
            # "undefined": Magika does not ask its model about contents that are nearly all white space.
            if own not in (str(labels[answer]), "undefined"):
                sys.exit(f"record.py: {path} is {labels[answer]} by the model and {own} by Magika itself")
        yield {
            "name": str(path.relative_to(ROOT)), "model": "magika",
            "inputs": [{
                "name": "bytes", "datatype": "INT32", "shape": list(row.shape),
                "base64": base64.b64encode(row.astype("<i4").tobytes()).decode(),
            }],
            "expected": [{"output": "target_label", "argmax": [answer]}],
        }


def digits_requests():
    samples = json.loads((ROOT / "cluster/models/digits/samples.json").read_text())
    for index, (image, label) in enumerate(zip(samples["images"], samples["labels"])):
        yield {
            "name": f"digit {index}", "model": "digits",
            "inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": image}],
            "expected": [{"output": "label", "values": [label]}, {"output": "probabilities", "argmax": [label]}],
        }


def write(path, requests):
    with open(path, "w") as file:
        for request in requests:
            file.write(json.dumps(request, separators=(",", ":")) + "\n")
    print(f"{path}: {len(requests)} requests")


def main():
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".spate/recordings")
    target.mkdir(parents=True, exist_ok=True)
    magika, digits = list(magika_requests()), list(digits_requests())
    if len(magika) < 20:
        sys.exit(f"record.py: only {len(magika)} files below {ROOT} are usable, at least 20 are needed")
    share = max(1, len(magika) // 3)
    write(target / "magika.jsonl", magika)
    write(target / "digits.jsonl", digits)
    write(target / "morning.jsonl", magika + [digits[index % len(digits)] for index in range(share)])


if __name__ == "__main__":
    main()

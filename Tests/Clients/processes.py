"""What Linux says of processes, whose threads and themselves may end while one reads."""

import pathlib


def read_process(process, name):
    """A file of `/proc` about a process; nothing where it has just ended."""
    try:
        return pathlib.Path(f"/proc/{process}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def children_of(process, word=b""):
    """Ids of the children of a `Popen` whose command line has `word` in it."""
    tasks = [task.name for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()]
    ids = [int(child) for task in tasks for child in read_process(process.pid, f"task/{task}/children").split()]
    return [child for child in ids if word in read_process(child, "cmdline")]

"""Python code for the gRPC interface, made from proto/ with Debian's protoc."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def generate(directory, foreign=None):
    """Makes it in the directory, also of `foreign` protocols (name to text), and makes it importable:
    `from flamekeep.v1 import ingest_pb2`."""
    directory = pathlib.Path(directory)
    foreign = foreign or {}
    for name, text in foreign.items():
        (directory / f"{name}.proto").write_text(text)
    plugin = subprocess.run(["which", "grpc_python_plugin"], stdout=subprocess.PIPE, check=True,
                            text=True).stdout.strip()
    subprocess.run(
        ["protoc", f"-I{ROOT / 'proto'}", f"-I{directory}", f"--python_out={directory}",
         f"--grpc_python_out={directory}", f"--plugin=protoc-gen-grpc_python={plugin}",
         *(f"{name}.proto" for name in foreign),
         *(f"flamekeep/v1/{name}.proto" for name in ("admin", "common", "ingest", "query"))],
        check=True, cwd=ROOT / "proto")
    # The generated code is a package of the name that the module in tests/support has.
    (directory / "flamekeep/__init__.py").touch()
    sys.modules.pop("flamekeep", None)
    sys.path.insert(0, str(directory))

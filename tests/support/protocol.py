"""Python code of our gRPC protocol, made from proto/ by Debian's grpc_python_plugin."""

import pathlib
import subprocess
import sys

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"


def generate(directory, **others):
    """Makes `flamekeep.v1` importable, and the text of other .proto files by their names. Import
    from the module of tests/support that is called flamekeep before: the package takes its place."""
    directory = pathlib.Path(directory)
    for name, text in others.items():
        (directory / f"{name}.proto").write_text(text)
    plugin = subprocess.run(["which", "grpc_python_plugin"], stdout=subprocess.PIPE, check=True,
                            text=True).stdout.strip()
    subprocess.run(
        ["protoc", f"-I{PROTO}", f"-I{directory}", f"--python_out={directory}",
         f"--grpc_python_out={directory}", f"--plugin=protoc-gen-grpc_python={plugin}",
         *(f"{name}.proto" for name in others),
         *(str(path.relative_to(PROTO)) for path in sorted(PROTO.rglob("*.proto")))],
        check=True, cwd=PROTO)
    (directory / "flamekeep/__init__.py").touch()
    sys.modules.pop("flamekeep", None)
    sys.path.insert(0, str(directory))

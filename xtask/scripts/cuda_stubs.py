"""Lets PyTorch's CUDA build be imported where CUDA's libraries are not installed.

    python cuda_stubs.py FOLDER      # the folder that torch and nvidia-cuda-runtime are installed in

`import torch` loads libtorch_cuda.so, which names a dozen libraries of CUDA, 2.5 GB in all, that nothing on a
CPU ever calls. This writes libraries of those names without code: one defines the functions whose addresses
are taken while loading (a call ends the process), the others are empty. Needs binutils and cc.
"""

import pathlib
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
torch = root / "torch/lib"
# PyTorch's own search path leads here.
target = root / "nvidia/cu13/lib"
target.mkdir(parents=True, exist_ok=True)


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def symbols(library, which):
    return {line.split()[-1].split("@")[0] for line in lines("nm", "-D", which, str(library))}


libraries = sorted(torch.glob("lib*.so*"))
runtime = sorted(target.glob("lib*.so*"))
present = {path.name for path in [*libraries, *runtime]}
needed = set()
for library in libraries:
    dynamic = lines("readelf", "-d", str(library))
    needed |= {line.split("[")[1].rstrip("]") for line in dynamic if "(NEEDED)" in line}
missing = sorted(name for name in needed - present if name.startswith(("libcu", "libnv", "libnccl")))

undefined = set().union(*(symbols(library, "--undefined-only") for library in libraries))
defined = set().union(*(symbols(library, "--defined-only") for library in [*libraries, *runtime]))
functions = sorted(name for name in undefined - defined if name.startswith(("cu", "nccl", "nv")))

# Symbols with a version are looked up by it only in the library that is named with it: NCCL's have none.
HOLDER = "libnccl.so.2"
for name in missing:
    held = functions if name == HOLDER else []
    source = ".text\n" + "".join(f".globl {f}\n.type {f},@function\n{f}:\n" for f in held)
    source += 'ud2\n.section .note.GNU-stack,"",@progbits\n'
    command = ["cc", "-shared", "-nostdlib", "-x", "assembler", f"-Wl,-soname,{name}", "-o", str(target / name), "-"]
    subprocess.run(command, check=True, input=source, text=True)
print(f"stubs for {len(missing)} libraries of CUDA with {len(functions)} functions")

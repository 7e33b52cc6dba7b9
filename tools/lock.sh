#!/bin/sh
# Lock files with hashes and without any index address, from the lists in pyproject.toml.
set -eu
bin=$1
"$bin/pip" install --quiet pip-tools
wanted() { "$bin/python" - "$1" <<'PY'
import sys, tomllib
from pathlib import Path
pyproject = tomllib.loads(Path("pyproject.toml").read_text())
project = pyproject["project"]
# The build backend belongs to the installation: the kernel is compiled on the user's machine.
lists = {"run": project["dependencies"] + pyproject["build-system"]["requires"], "dev": project["optional-dependencies"]["dev"]}
print("\n".join(lists[sys.argv[1]]))
PY
}
compile() { "$bin/pip-compile" --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
  --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header --no-annotate "$@"; }
wanted run | compile --output-file requirements.lock -
wanted dev | compile --constraint requirements.lock --output-file requirements-dev.lock -

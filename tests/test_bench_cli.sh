#!/bin/sh
# `skein bench gate|score|generate|embed`: one line for every line that asks, with the results of the
# commands that are measured.
. tests/checks.sh

# ok NAME ARGUMENTS: exit 0; stdin is the file asked; stdout goes to the file NAME.
ok() {
  name=$1
  shift
  "$skein" "$@" <"$work/asked" >"$work/$name" 2>"$work/err"
  code=$?
  if [ $code -eq 0 ]; then pass; else fail "$*: exit $code"; fi
}

# refused PATTERN ARGUMENTS: exit 2, one line that matches.
refused() {
  pattern=$1
  shift
  "$skein" "$@" <"$work/asked" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code 2 "$pattern"; then pass; else
    fail "$*: exit $code, want 2 and '$pattern'"
  fi
}

# lines NAME COUNT: of them, all measured.
lines() {
  found=$(grep -c '"seconds":[0-9].*"peak_bytes":[1-9]' "$work/$1")
  if [ "$found" -eq "$2" ] && [ "$(wc -l <"$work/$1")" -eq "$2" ]; then pass; else fail "$1: $found lines"; fi
}

# same A B: two texts are equal and not empty.
same() { if [ -n "$1" ] && [ "$1" = "$2" ]; then pass; else fail "'$1' is not '$2'"; fi; }

cat >"$work/items.jsonl" <<'END'
{"input": "the river spins", "choices": ["the river", "spins"]}
{"input": "a small robot hides a map", "choices": ["a map", "a robot", "rain"]}
END
seq 3 >"$work/asked"
base="--base configs/demo/base --input $work/items.jsonl"

# shellcheck disable=SC2086 # $base is four words
{
  ok bench bench score $base
  lines bench 3
  ok scores score $base
  same "$(sed 's/.*"loglik":\[\(.*\)\],"s.*/\1/; 2,$d' "$work/bench")" \
    "$(sed 's/.*"loglik":\(.*\)}/\1/' "$work/scores" | paste -s -d ,)"

  ok bench bench generate $base --max-output 5
  lines bench 3
  ok texts generate $base --max-output 5
  same "$(sed 's/.*"output":\[\(.*\)\],"s.*/\1/; 2,$d' "$work/bench")" \
    "$(sed 's/.*"output":\(.*\)}/\1/' "$work/texts" | paste -s -d ,)"

  gate="-c configs/demo/gate.yaml -s train.batch_size=8 -s train.learning_rate=0.01"
  gate="$gate -s train.warmup_ratio=0 -s train.eval_every=0 -s data.max_input=24"
  ok bench bench gate $gate
  lines bench 3
  ok train train gate $gate -s train.steps=1 -s output="$work/run"
  same "$(sed 's/.*"loss":\([0-9.]*\).*/\1/; 2,$d' "$work/bench" | cut -c 1-7)" \
    "$(sed -n 's/^{"step":1,"loss":\([0-9.]*\).*/\1/p' "$work/run/metrics.jsonl" | cut -c 1-7)"
  # Every repetition is an update.
  if [ "$(sed 's/.*"loss":\([0-9.]*\).*/\1/' "$work/bench" | sort -u | wc -l)" -eq 3 ]; then pass; else
    fail 'the steps learn nothing'
  fi

  encoder=tests/golden/sentence/nomic
  ok bench bench embed --embedder $encoder --input "$work/items.jsonl"
  lines bench 3
  ok one bench embed --embedder $encoder --input "$work/items.jsonl" --threads 1
  same "$(sed 's/.*"sha256":"\([0-9a-f]*\)".*/\1/' "$work/bench" | sort -u)" \
    "$(sed 's/.*"sha256":"\([0-9a-f]*\)".*/\1/; 2,$d' "$work/one")"

  refused 'bench: unknown benchmark' bench spin
  refused 'takes no --beams' bench score $base --beams 2
  refused 'base: ' bench gate
  refused 'wants --embedder DIR and --input FILE' bench embed --embedder $encoder
  : >"$work/asked"
  refused 'nothing was asked' bench score $base
  ok bench bench gate $gate
  lines bench 0
  seq 3 >"$work/asked"
  i=0
  while [ $i -lt 33 ]; do
    cat "$work/items.jsonl"
    i=$((i + 1))
  done >"$work/many.jsonl"
  refused 'has .* items; at most 64' bench generate --base configs/demo/base --input "$work/many.jsonl" --max-output 2
}

finish

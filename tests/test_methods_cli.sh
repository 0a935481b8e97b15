#!/bin/sh
# `skein methods`: every method by what it needs and where it stands, and what a pool allows.
. tests/checks.sh

runs() { # runs CODE ARGUMENTS: that exit code
  want=$1
  shift
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if [ $code -eq "$want" ]; then pass; else fail "$*: exit $code, want $want"; fi
}
refused() { # refused CODE PATTERN ARGUMENTS: that exit code and one line that matches
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code "$want" "$pattern"; then pass; else fail "$*: exit $code: $(cat "$work/err")"; fi
}
names() { sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' "$work/out"; }
named() { check "$1" [ "$(names | tr '\n' ' ')" = "$2 " ]; }

# One source: the same words as the help, none left out.
runs 0 help routers
sed -n '/^  base/,/^Merges:/p' "$work/out" | sed '/^Merges:/d' | sed '$d' >"$work/help"
runs 0 methods
check 'methods are those of skein help routers' sh -c "tail -n +2 '$work/out' | cmp - '$work/help'"
names >"$work/all"
runs 0 methods --json
check 'JSON has every method' [ "$(grep -c '"loras_only"' "$work/out")" -eq "$(wc -l <"$work/all")" ]

# Filters.
runs 0 methods --needs activations
named 'what needs activations' average-activation
runs 0 methods --needs gates --label input_granularity=Step --label training=custom
check 'gates, tokens, trained for it' grep -q '^  phatgoose ' "$work/out"
check 'arrow needs no gates' sh -c "! grep -q '^  arrow ' '$work/out'"
runs 0 methods --needs none --label input=Step
check 'arrow needs nothing' grep -q '^  arrow ' "$work/out"
check 'phatgoose needs gates' sh -c "! grep -q '^  phatgoose ' '$work/out'"
runs 0 methods --needs none --needs none --label input=Task --label selection=Dense
check 'nothing is found' grep -q '^no method is so$' "$work/out"
refused 2 "'gate' is none of .*; did you mean 'gates'" methods --needs gate
refused 2 'none and something' methods --needs none --needs gates
refused 2 "'inputs=Step' is no NAME=VALUE" methods --label inputs=Step
refused 2 "'Step' is no NAME=VALUE" methods --label Step
refused 2 'no method has input_granularity=Word; they have N/A, Step' methods --label input=Word
refused 2 'to be Step and Task' methods --label input=Step --label input_granularity=Task
refused 2 'is of --for POOL' methods --base configs/demo/base
refused 2 'is of --for POOL' methods -s top_k=2
refused 2 "'x'" methods x

# A pool of three experts with gates, one of them with activations.
runs 0 pool init "$work/pool" --base configs/demo/base
refused 3 'has no expert' methods --for "$work/pool"
for name in hue kind kinds; do
  set --
  if [ $name = kind ]; then
    zstd -dc configs/demo/data/kind/valid.jsonl.zst | head -n 8 >"$work/kind.jsonl"
    runs 0 train activation -s base=configs/demo/base -s expert=configs/demo/experts/kind \
      -s data.train="$work/kind.jsonl" -s output="$work/activation"
    set -- --activation "$work/activation/activation.safetensors"
  fi
  runs 0 pool add "$work/pool" $name --adapter configs/demo/experts/$name \
    --gate configs/demo/gates/$name.safetensors --instruction "This is the task $name." "$@"
done
printf '{"input": "a", "choices": ["b", "c"]}\n' >"$work/item.jsonl"
runs 0 methods --for "$work/pool"
for method in base phatgoose glider arrow merged retrieval; do
  check "the pool allows $method" grep -q "^  $method  *yes$" "$work/out"
done
check 'activations are missing' grep -q '^  average-activation  *no: .*skein train activation' "$work/out"
check 'of two experts' grep -q '^ *not with hue, kinds; with the others' "$work/out"

runs 0 score --pool "$work/pool" --router average-activation -s only=kind -s top_k=1 \
  --input "$work/item.jsonl"

# What a pool allows, a run does, and the reverse.
runs 0 score --pool "$work/pool" --router phatgoose --input "$work/item.jsonl"
runs 3 score --pool "$work/pool" --router average-activation --input "$work/item.jsonl"
said=$(sed -n 's/^skein: error: //p' "$work/err")
runs 0 methods --for "$work/pool" --needs activations --json
check 'the reason is what a run says' grep -qF "$(printf '%s' "$said" | cut -c 1-60)" "$work/out"
check 'not allowed' grep -q '"allowed": false' "$work/out"
runs 0 methods --for "$work/pool" --needs gates -s top_k=9
check 'a setting that no pool of three meets' grep -q 'no: top_k: is 9, but' "$work/out"
check 'is nothing that experts lack' sh -c "! grep -q 'not with' '$work/out'"
runs 0 methods --for "$work/pool" --needs activations -s only=kind
check 'a part of the pool allows it' grep -q '^  average-activation  *yes$' "$work/out"
refused 2 "no expert 'nobody'" methods --for "$work/pool" -s only=nobody
refused 2 "unknown key 'topk'" methods --for "$work/pool" -s topk=2
refused 2 'router: every method is tried' methods --for "$work/pool" -s router=arrow
refused 2 "has no expert 'zebra'" methods --for "$work/pool" -s only=zebra
runs 0 methods --for "$work/pool" --needs activations -s only=kind -s top_k=1
check 'the one that has activations' grep -q '^  average-activation  *yes$' "$work/out"
runs 0 help methods
check 'names of needs are whole' grep -q -- '--needs none|gates|activations|instructions only' "$work/out"
mkdir "$work/base"
cp tests/golden/predict/base/* tests/golden/tokenizer/nfkc/spiece.model "$work/base/"
refused 4 'base' methods --for "$work/pool" --base "$work/base"
finish

#!/bin/sh
# Nothing of the user's is written over: outputs that are there are refused by name, those that are
# inputs even with --force, and directories of others are not written into.
. tests/checks.sh
golden=tests/golden

mkdir "$work/base"
cp $golden/predict/base/* $golden/tokenizer/nfkc/spiece.model "$work/base/"
cp -R $golden/mixed/low "$work/peft"
i=0
while [ $i -lt 5 ]; do
  echo "{\"input\": \"the river spins $i\", \"target\": \"spins\", \"choices\": [\"spins\", \"bread\"]}"
  i=$((i + 1))
done >"$work/q.jsonl"
base="--base $work/base"

skein() { "$skein" "$@" >"$work/out" 2>"$work/err"; }
accepted() { if skein "$@"; then pass; else fail "$*"; fi; }
# kept PATTERN ARGUMENTS: refused as usage by one line that matches, and $work is as before.
state() { (cd "$work" && find . ! -name out ! -name err ! -name log -type f -exec cksum {} + | sort); }
kept() {
  pattern=$1 before=$(state)
  shift
  skein "$@"
  code=$?
  if is_refusal $code 2 "$pattern" && [ "$(state)" = "$before" ]; then pass; else
    fail "$*: exit $code, want 2 and '$pattern', and nothing changed"
  fi
}

# ---- directories ----
learn="-s data.train=$work/q.jsonl -s train.steps=1 -s train.batch_size=2 -s threads=1"
# shellcheck disable=SC2086 # options
{
  kept "peft: holds 'adapter_config.json' and is no run of skein" train lora -s base="$work/base" $learn \
    -s output="$work/peft" -s lora.rank=1
  kept "peft: holds 'adapter_config.json'" train lora -s base="$work/base" $learn -s output="$work/peft" \
    -s lora.rank=1 --dry-run
  kept "base: holds 'config.json' and is no run" train base $learn -s output="$work/base" -s model.pieces=20
  kept "base: holds 'config.json'" pool init "$work/base" $base
  accepted pool init "$work/pool" $base
  kept "pool: holds 'pool.yaml' and is no run" train lora -s base="$work/base" $learn -s output="$work/pool"
  # What is hidden is in nobody's way: a pool may be made in a new git repository.
  mkdir -p "$work/repository/.git"
  accepted pool init "$work/repository" $base
  # A user's own checkpoints are not those of a run that died.
  mkdir -p "$work/own/checkpoints" && echo precious >"$work/own/checkpoints/last.ckpt"
  kept "own: holds 'checkpoints'" train lora -s base="$work/base" $learn -s output="$work/own"
  cat >"$work/eval.yaml" <<EOF
{base: $work/base, output: $work/peft, bootstrap: {samples: 10}, threads: 1, methods: [base],
 tasks: [{name: a, file: $work/q.jsonl, kind: choices, metrics: accuracy}]}
EOF
  kept "peft: holds 'adapter_config.json' and is no evaluation" eval -c "$work/eval.yaml"
  accepted eval -c "$work/eval.yaml" -s output="$work/eval"
  accepted eval -c "$work/eval.yaml" -s output="$work/eval"
  accepted train lora -s base="$work/base" $learn -s output="$work/run" -s lora.rank=1
  kept 'run already holds a run' train lora -s base="$work/base" $learn -s output="$work/run"
  kept "run: holds 'adapter_config.json' and is no evaluation" eval -c "$work/eval.yaml" -s output="$work/run"
  kept 'force is of activation alone' train lora -s base="$work/base" $learn -s output="$work/run" --force
  # A base whose data is bad leaves no tokenizer behind, so the next try is not refused.
  echo '{"text": "a b"}' >"$work/text.jsonl"
  skein train base -s data.train="$work/text.jsonl" -s data.valid=/nowhere -s output="$work/new" \
    -s model.pieces=20
  check 'a run that failed leaves nothing' [ ! -e "$work/new" ]
}

# ---- files ----
echo precious >"$work/mine"
# shellcheck disable=SC2086 # options
for command in "score $base --input $work/q.jsonl -o" "generate $base --input $work/q.jsonl --max-output 2 -o" \
  "tokens $base --input $work/q.jsonl -o" "convert $work/peft" \
  "embed --file $golden/released/embeddings.pt --name n --output"; do
  kept 'mine: is there already; --force replaces it' $command "$work/mine"
  cp "$work/mine" "$work/replaced"
  # convert has its outputs last.
  accepted ${command%%\ *} --force ${command#* } "$work/replaced"
  if cmp -s "$work/mine" "$work/replaced"; then fail "$command: is not replaced"; else pass; fi
done
ln -s "$work/q.jsonl" "$work/linked"
ln "$work/q.jsonl" "$work/hard"
# shellcheck disable=SC2086 # options
{
  for command in "score $base" "generate $base --max-output 2" "tokens $base"; do
    for name in q.jsonl hard ./base/../q.jsonl; do
      kept "$name: is read, too" $command --input "$work/q.jsonl" -o "$work/$name" --force
    done
    kept 'hard: is read, too' $command --input "$work/linked" -o "$work/hard" --force
    kept 'spiece.model: is read, too' $command --input "$work/q.jsonl" -o "$work/base/spiece.model" --force
  done
  kept 'adapter_config.json: is read, too' convert --force "$work/peft" "$work/peft/adapter_config.json"
  accepted pool add "$work/pool" one --adapter "$work/run" --gate "$(
    skein train gate -s base="$work/base" -s expert="$work/run" $learn -s output="$work/gate" -s data.valid="$work/q.jsonl"
    echo "$work/gate/gate.safetensors"
  )"
  vectors="$work/pool/embeddings/given.safetensors"
  echo '{"one": [1, 2]}' >"$work/vectors.json"
  accepted embed "$work/pool" --file "$work/vectors.json" --name given
  accepted embed "$work/pool" --file "$work/vectors.json" --name given
  check 'what is made anew is said' grep -q 'given.safetensors: .*, in the place of the earlier ones' "$work/out"
  kept 'given.safetensors: is read, too' embed "$work/pool" --file "$vectors"
  kept 'mine: is there already; --force replaces it' compare "$work/eval" -o "$work/mine"
  kept 'table.csv: is read, too' compare "$work/eval" -o "$work/eval/table.csv" --force
  kept 'table.csv: is there already' compare "$work/eval" -o "$work/eval/table.csv"
  routed="score --pool $work/pool --router uniform --input $work/q.jsonl"
  for option in -o --stats --trace; do
    kept 'mine: is there already' $routed $option "$work/mine"
    kept 'pool.yaml: is there already' $routed $option "$work/pool/pool.yaml"
    kept 'pool.yaml: is read, too' $routed $option "$work/pool/pool.yaml" --force
    kept 'model.safetensors: is read, too' $routed $option "$work/base/model.safetensors" --force
  done
  # A file that a setting of the router names is read as any other.
  for setting in calibration embeddings embedder.model query.template query.cache; do
    cp "$work/vectors.json" "$work/mine.$setting"
    skein $routed -s "$setting=$work/mine.$setting" -o "$work/mine.$setting" --force
    check "$setting is read" grep -q "mine.$setting: is read, too" "$work/err"
    check "$setting stays" cmp "$work/vectors.json" "$work/mine.$setting"
  done
  skein $routed -s query.cache="$work/made" -o "$work/made"
  check 'query.cache is made' grep -q 'made: is read, too' "$work/err"
  check 'neither is there' [ ! -e "$work/made" ]
  page="trace --pool $work/pool --router uniform --input $work/q.jsonl --html"
  kept 'mine: is there already' $page "$work/mine"
  kept 'q.jsonl: is read, too' $page "$work/q.jsonl" --force
  cp "$work/mine" "$work/replaced"
  accepted $page "$work/replaced" --force
  kept 'is the same file as --output' $routed -o "$work/new.jsonl" --stats "$work/./new.jsonl"
  accepted $routed --trace "$work/trace.json" -o "$work/routed"
  accepted plot trace "$work/trace.json" -o "$work/figures"
  kept 'trace.tsv: is there already; --force' plot trace "$work/trace.json" -o "$work/figures"
  accepted plot trace "$work/trace.json" -o "$work/figures" --force
  mean="train activation -s base=$work/base -s expert=$work/run -s data.train=$work/q.jsonl -s threads=1"
  accepted $mean -s output="$work/gate"
  kept 'activation.safetensors: is there already' $mean -s output="$work/gate"
  accepted $mean -s output="$work/gate" --force
}

finish

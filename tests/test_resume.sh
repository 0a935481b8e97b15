#!/bin/sh
# A run that is killed with SIGKILL at random moments and resumed each time ends with the same bytes
# as one that was left alone. Base, expert and data are made here.
set -eu
skein=${SKEIN:-build/release/skein}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=passive

awk 'BEGIN {
  srand(7)
  split("a b c ab ba abc cab the an of to in is it", word, " ")
  for (i = 0; i < 400; i++) {
    text = ""
    for (k = 0; k < 8 + int(rand() * 20); k++) text = text " " word[1 + int(rand() * 14)]
    printf "{\"input\": \"%s\", \"target\": \"%s\"}\n", text, word[1 + int(rand() * 14)]
  }
}' >"$work/train.jsonl"
head -n 40 "$work/train.jsonl" >"$work/valid.jsonl"
"$skein" train base -s data.train="$work/train.jsonl" -s output="$work/base" -s model.pieces=24 \
  -s model.d_model=32 -s model.d_ff=48 -s train.steps=3 -s train.batch_size=16 2>/dev/null >&2
"$skein" train lora -s data.train="$work/train.jsonl" -s base="$work/base" -s lora.rank=4 \
  -s output="$work/expert" -s train.steps=4 -s train.batch_size=16 2>/dev/null >&2
cat >"$work/run.yaml" <<EOF
base: $work/base
expert: $work/expert
data: {train: $work/train.jsonl, valid: $work/valid.jsonl}
train: {steps: 40, batch_size: 64, max_tokens: 512, eval_every: 10, save_every: 3}
EOF

"$skein" train gate -c "$work/run.yaml" -s output="$work/whole" >/dev/null 2>&1

# The pauses grow, so that the first kills come while the run begins and later ones while it trains.
kills=0
resume=
for pause in 0.01 0.02 0.03 0.05 0.08 0.1 0.13 0.2 0.25 0.3 0.4 0.5; do
  "$skein" train gate -c "$work/run.yaml" -s output="$work/killed" $resume >"$work/log" 2>&1 &
  run=$!
  sleep "$pause"
  if kill -9 "$run" 2>/dev/null; then kills=$((kills + 1)); fi
  wait "$run" 2>/dev/null || true
  if [ -e "$work/killed/run.yaml" ]; then resume=--resume; fi
done
if ! "$skein" train gate -c "$work/run.yaml" -s output="$work/killed" $resume >"$work/log" 2>&1; then
  cat "$work/log"
  exit 1
fi

for file in gate.safetensors report.json report.txt; do
  cmp "$work/whole/$file" "$work/killed/$file"
done
# The rows too, but for times.
strip() { sed 's/"seconds":[^,]*,//; s/"tokens_per_second":[^,]*,//' "$1"; }
strip "$work/whole/metrics.jsonl" >"$work/a"
strip "$work/killed/metrics.jsonl" >"$work/b"
cmp "$work/a" "$work/b"
[ "$kills" -ge 3 ] || { echo "only $kills kills hit a running process"; exit 1; }
echo "1 passed, 0 failed"

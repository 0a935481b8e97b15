#!/bin/sh
# Lines in, lines out: standard input, pipes and FIFOs are inputs; lines come as they are made; whoever
# stops reading ends the work; what is ended goes on where it was. And what is no JSONL is told so.
. tests/checks.sh
golden=tests/golden

mkdir "$work/base"
cp $golden/predict/base/* $golden/tokenizer/nfkc/spiece.model "$work/base/"
base="--base $work/base --threads 1"
i=0
while [ $i -lt 200 ]; do
  echo "{\"input\": \"her orchestra paints the blue door. does what? $i\", \"choices\": [\"paints\", \"the blue door\"], \"label\": 0}"
  i=$((i + 1))
done >"$work/q.jsonl"
head -n 3 "$work/q.jsonl" >"$work/few.jsonl"
zstd -q "$work/few.jsonl" -o "$work/few.zst" || exit 1

# refused PATTERN ARGUMENTS: as input, in one line that matches.
refused() {
  pattern=$1
  shift
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code 3 "$pattern"; then pass; else fail "$*: exit $code, want 3 and '$pattern'"; fi
}
same() { if cmp -s "$work/$1" "$work/$2"; then pass; else fail "$1 and $2 differ"; fi; }
lines() { wc -l <"$1"; }
# shellcheck disable=SC2317 # by wait_for
has_lines() { [ "$(lines "$1")" -ge "$2" ]; }

# ---- in ----
mkfifo "$work/fifo"
# shellcheck disable=SC2086 # options
for command in "score $base" "generate $base --max-output 3" "tokens --base $work/base"; do
  "$skein" $command --input "$work/few.jsonl" >"$work/want" 2>"$work/err" || fail "$command"
  check "$command has lines" [ "$(lines "$work/want")" -eq 3 ]
  "$skein" $command --input - <"$work/few.jsonl" >"$work/got" 2>"$work/err" || fail "$command --input -"
  same want got
  cat "$work/few.jsonl" | "$skein" $command --input /dev/stdin >"$work/got" 2>"$work/err" || fail "$command /dev/stdin"
  same want got
  cat "$work/few.zst" | "$skein" $command --input - >"$work/got" 2>"$work/err" || fail "$command, compressed"
  same want got
  # Of the end of the last line, and of blank lines, nobody speaks.
  { echo && head -c -1 "$work/few.jsonl"; } >"$work/fifo" &
  "$skein" $command --input "$work/fifo" >"$work/got" 2>"$work/err" || fail "$command, a FIFO"
  same want got
  cat "$work/few.jsonl" >"$work/fifo" &
  "$skein" $command --input "$work/fifo" -o "$work/file" 2>"$work/err" || fail "$command, a FIFO and a file"
  same want file
  rm -f "$work/file"
  # A line is answered before the next one comes.
  "$skein" $command --input "$work/fifo" >"$work/got" 2>"$work/err" &
  process=$!
  exec 3>"$work/fifo"
  head -n 1 "$work/few.jsonl" >&3
  wait_for $process has_lines "$work/got" 1 && pass
  tail -n 2 "$work/few.jsonl" >&3
  exec 3>&-
  wait $process || fail "$command, line by line"
  same want got
  echo '{"input"' | "$skein" $command --input - >"$work/out" 2>"$work/err"
  check "$command: names standard input" grep -q 'error: standard input: line 1: ' "$work/err"
  : | "$skein" $command --input - >"$work/out" 2>"$work/err"
done
# shellcheck disable=SC2086 # options
{
  refused 'standard input: holds no items' score $base --input - </dev/null
  # What is left out of a stream is said at its end; targets make choices only when all are known.
  { cat "$work/few.jsonl" && echo '{"input": "a"}'; } | "$skein" score $base --input - >"$work/got" 2>"$work/err"
  check 'what is left out is named' grep -q 'standard input: line 4: choices: there are none; .*score --choices-from-targets' "$work/err"
  printf '{"input": "%s", "target": "%s"}\n' a spins b repairs c spins | tee "$work/targets.jsonl" |
    "$skein" score $base --choices-from-targets --input - >"$work/got" 2>"$work/err"
  "$skein" score $base --choices-from-targets --input "$work/targets.jsonl" >"$work/want" 2>"$work/err"
  same want got
  refused 'choices: there are none; .*score --choices-from-targets' score $base --input "$work/targets.jsonl"
  printf '%s\n' '{"examples": [{"input": "which?\nOptions:\n(A) x\n(B) y", "target": "(B)"}]}' >"$work/b.json"
  "$skein" score $base --bbh --input "$work/b.json" >"$work/want" 2>"$work/err"
  cat "$work/b.json" | "$skein" score $base --bbh --input - >"$work/got" 2>"$work/err" || fail 'BIG-bench Hard by a pipe'
  same want got
}

# ---- out ----
# shellcheck disable=SC2086 # options
{
  # Who has left is told nothing, and nothing is computed for nobody: this input never ends.
  mkfifo "$work/closed"
  for command in "score $base" "generate $base --max-output 3" "tokens --base $work/base"; do
    { timeout 120 "$skein" $command --input "$work/fifo" >"$work/closed" 2>"$work/err"; echo $? >"$work/code"; } &
    { while cat "$work/few.jsonl"; do :; done >"$work/fifo" 2>/dev/null; } &
    head -n 1 "$work/closed" >"$work/got"
    wait
    if [ "$(cat "$work/code")" -eq 141 ] && [ ! -s "$work/err" ] && [ "$(lines "$work/got")" -eq 1 ]; then pass; else
      fail "$command, no reader: exit $(cat "$work/code")"
    fi
  done
}

# Who waits for lines can be told to stop.
# shellcheck disable=SC2086 # options
{
  "$skein" score $base --input "$work/fifo" >"$work/got" 2>"$work/err" &
  process=$!
  exec 3>"$work/fifo"
  head -n 1 "$work/few.jsonl" >&3
  wait_for $process has_lines "$work/got" 1
  kill -TERM $process
  wait $process
  code=$?
  exec 3>&-
  if [ $code -eq 130 ] && grep -q 'error: interrupted after 1 of 1 items$' "$work/err"; then pass; else
    fail "TERM: exit $code"
  fi
}

# ---- going on ----
generate="generate $base --input $work/q.jsonl --max-output 30"
# shellcheck disable=SC2086 # options
for command in "score $base --input $work/q.jsonl" "$generate"; do
  "$skein" $command -o "$work/whole" 2>"$work/err" || fail "$command"
  "$skein" $command >"$work/printed" 2>"$work/err"
  same whole printed
  "$skein" $command -o "$work/part" 2>"$work/err" &
  process=$!
  # shellcheck disable=SC2317 # by wait_for
  begun() { [ -s "$(echo "$work"/part.*.part)" ]; }
  if wait_for $process begun; then
    kill -KILL $process
    wait $process 2>/dev/null
    kept=$(echo "$work"/part.*.part)
    check 'nothing has the name' [ ! -e "$work/part" ]
    # As if the kill had come amid a line.
    printf '{"id":"' >>"$kept"
    cp "$kept" "$work/kept"
    # Other settings and other inputs are other work.
    "$skein" $command --max-input 5 -o "$work/part" >"$work/out" 2>"$work/err"
    code=$?
    if is_refusal $code 2 'part: is unfinished work with other settings or inputs' && cmp -s "$kept" "$work/kept"; then pass; else
      fail "$command, other settings: exit $code"
    fi
    "$skein" ${command% --input*} --input "$work/few.jsonl" -o "$work/part" >"$work/out" 2>"$work/err"
    check 'another input is other work' grep -q 'is unfinished work' "$work/err"
    "$skein" $command --batch-tokens 100 --threads 2 -o "$work/part" 2>"$work/err" || fail "$command goes on"
    check 'that it goes on is said' grep -q 'part: goes on: [0-9]* of 200 lines are there' "$work/err"
    same whole part
    check 'nothing is left' [ ! -e "$kept" ]
    # What is no line of its item is answered again.
    cp "$work/kept" "$kept"
    head -n 1 "$work/whole" >"$kept"
    sed -n 3p "$work/whole" >>"$kept"
    "$skein" $command -o "$work/part" --force 2>"$work/err" || fail "$command goes on behind a strange line"
    check 'one line was right' grep -q 'part: goes on: 1 of 200 lines' "$work/err"
    same whole part
  fi
  rm -f "$work/whole" "$work/part"
done

# ---- how many are right ----
# shellcheck disable=SC2086 # options
{
  awk 'NR % 4 == 0 { sub(/"label": 0/, "\"label\": 1") } { print }' "$work/q.jsonl" >"$work/mixed.jsonl"
  "$skein" score $base --input "$work/mixed.jsonl" >"$work/got" 2>"$work/err"
  right=$(awk '{ label = NR % 4 == 0; n += index($0, "\"prediction\":" label ",") > 0 } END { print n }' "$work/got")
  check 'the accuracy is said' grep -q "^score: accuracy $(echo "$right" | awk '{ printf "%.1f", $1 / 2 }') % of 200 items (95 % interval " "$work/err"
  cat >"$work/told.jsonl" <<'EOF'
{"input": "a", "choices": ["spins", "spins"], "label": 0}
{"input": "a", "choices": ["spins", "bread"], "target": "bread"}
{"input": "a", "choices": ["spins", "bread"], "target": ["spins"]}
{"input": "a", "choices": ["spins", "bread"], "label": -1}
{"input": "a", "choices": ["spins", "bread"], "label": "no", "target": 7}
{"input": "a", "choices": ["spins", "bread"], "target": "a map"}
{"input": "a", "choices": ["spins", "bread"]}
EOF
  "$skein" score $base --input "$work/told.jsonl" >"$work/got" 2>"$work/err" || fail 'labels of all kinds'
  check 'seven lines' [ "$(lines "$work/got")" -eq 7 ]
  check 'half of two' grep -q '^score: accuracy 50.0 % of 2 items (.*); of 5 others no right choice is known$' "$work/err"
  sed 's/"label"/"gold"/' "$work/few.jsonl" >"$work/gold.jsonl"
  "$skein" score $base --input "$work/gold.jsonl" >"$work/got" 2>"$work/err"
  if grep -q accuracy "$work/err"; then fail 'accuracy without labels'; else pass; fi
  "$skein" score $base --input "$work/gold.jsonl" --label-key gold >"$work/got" 2>"$work/err"
  check 'another key' grep -q 'accuracy .* of 3 items' "$work/err"
}

# ---- what is no JSONL ----
printf 'question,answer\n2 + 2,4\n' >"$work/data.csv"
printf 'The river spins.\nBread is warm.\n' >"$work/data.txt"
printf '[{"input": "a", "target": "b"}]\n' >"$work/data.json"
# shellcheck disable=SC2086 # options
for data in csv txt json; do
  file="$work/data.$data"
  want="data.$data: line 1: is no JSON object ('.*'); want JSONL, a line for each item: "
  refused "$want{\"input\": \"2 + 2 =\", \"choices\": " score $base --input "$file"
  refused "$want{\"input\": \"2 + 2 =\", \"target\": " generate $base --input "$file"
  refused "$want{\"input\": \"2 + 2 =\"}" tokens --base "$work/base" --input "$file"
  "$skein" train base -s data.train="$file" -s output="$work/run" -s model.pieces=20 >"$work/out" 2>"$work/err"
  check "$data, for a base" grep -q "^skein: error: .*$want{\"text\": .* of raw text" "$work/err"
  refused "$want{\"input\": \"...\", \"target\": " train lora -s base="$work/base" -s data.train="$file" -s output="$work/run"
done
refused 'standard input: line 1: is no JSON object' tokens --base "$work/base" --input - <"$work/data.txt"

finish

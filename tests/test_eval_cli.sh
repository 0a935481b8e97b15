#!/bin/sh
# `skein eval` and `skein ablate` as a user meets them, on a pool of the demo's experts.
. tests/checks.sh

runs() { # runs CODE ARGUMENTS: that exit code
  want=$1
  shift
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if [ $code -eq "$want" ]; then pass; else fail "$*: exit $code, want $want"; fi
}
# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and nothing written.
refused() {
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" -s output="$work/none" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/none" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
    rm -rf "$work/none"
  fi
}

# Three experts that have gates, and their tasks.
runs 0 pool init "$work/pool" --base configs/demo/base
names=$(ls configs/demo/gates | sed 's/\.safetensors$//' | head -n 3)
for name in $names; do
  runs 0 pool add "$work/pool" "$name" --adapter "configs/demo/experts/$name" \
    --gate "configs/demo/gates/$name.safetensors" --instruction "This is the task $name."
done
{
  echo "pool: $work/pool"
  echo "output: $work/eval"
  echo "limit: 40"
  echo "bootstrap: {samples: 100}"
  echo "task_defaults: {group: held-in, kind: generation, max_output: 8}"
  echo "tasks:"
  for name in $names; do
    echo "  - {name: $name, file: $PWD/configs/demo/data/$name/test.jsonl.zst, expert: $name,"
    echo "     instruction: This is the task $name.}"
  done
} >"$work/tasks.yaml"
{ cat "$work/tasks.yaml" && echo "methods: [base, phatgoose, glider, oracle]"; } >"$work/eval.yaml"

# What is refused, before anything is written.
{ cat "$work/tasks.yaml" && echo "methods: [{router: phatgoose, top_k: 9}]"; } >"$work/k.yaml"
{ cat "$work/tasks.yaml" && echo "methods: [{expert: nobody}]"; } >"$work/nobody.yaml"
echo '{"input": "a", "choices": ["b", "c"]}' >"$work/no-label.jsonl"
printf 'base: %s\ntasks: [{name: a, file: %s}]\nmethods: [base]\n' \
  "$PWD/configs/demo/base" "$work/no-label.jsonl" >"$work/no-label.yaml"
mkdir "$work/base"
cp tests/golden/predict/base/* tests/golden/tokenizer/nfkc/spiece.model "$work/base/"
refused 2 '-c FILE is required' eval
refused 3 'nowhere.yaml: ' eval -c "$work/nowhere.yaml"
refused 2 "-s: unknown key 'limti'; did you mean 'limit'" eval -c "$work/eval.yaml" -s limti=3
refused 2 "unknown key 'axes'\|unknown key" eval -c "$work/eval.yaml" -s axes=3
refused 2 'top_k: is 9, but .* has 3 experts' eval -c "$work/k.yaml"
refused 2 "has no expert 'nobody'" eval -c "$work/nobody.yaml"
refused 3 'no-label.jsonl: line 1: label and target are missing' eval -c "$work/no-label.yaml"
refused 4 'base' eval -c "$work/eval.yaml" -s base="$work/base"
refused 2 'axes: want a mapping' ablate -c "$work/eval.yaml"

# A dry run says what would be computed and writes nothing.
runs 0 eval -c "$work/eval.yaml" --dry-run
check 'a dry run counts' grep -q '0 finished, 12 to compute (480 answers)' "$work/out"
check 'a dry run writes nothing' [ ! -e "$work/eval" ]
check 'a dry run says what it would take' grep -q '^time  *about .*answers were tried' "$work/out"
check 'and how much memory' grep -q '^memory  *about .* available' "$work/out"
{ cat "$work/tasks.yaml" && echo "methods: [base, average-activation]"; } >"$work/fail.yaml"
runs 6 eval -c "$work/fail.yaml" --dry-run
check 'a dry run says what would fail' grep -q 'average-activation on .*activation.safetensors' "$work/err"
SKEIN_KERNEL=portable runs 6 eval -c "$work/eval.yaml" -s precision=bf16 --dry-run
check 'a dry run knows the processor' grep -q 'base on .*precision' "$work/err"

# What is set and not read is said.
{
  cat "$work/tasks.yaml"
  echo "methods: [{router: phatgoose, global.scale: 3}]"
} >"$work/unread.yaml"
runs 0 eval -c "$work/unread.yaml" --dry-run
check 'a setting that nothing reads' \
  grep -q 'unread.yaml:[0-9:]* method phatgoose: its router does not read .*: global.scale' "$work/err"

# Once through; what is printed is table.txt, and every form is there.
runs 0 eval -c "$work/eval.yaml"
check 'stdout is table.txt' cmp -s "$work/out" "$work/eval/table.txt"
for form in md tex csv json; do check "table.$form" [ -s "$work/eval/table.$form" ]; done
check 'the oracle says whom it chose' grep -q '^oracle chose ' "$work/out"
first=$(echo "$names" | head -n 1)
check 'statistics' [ -s "$work/eval/cells/glider/$first.routing.json" ]
check 'predictions' [ "$(wc -l <"$work/eval/cells/glider/$first.jsonl")" -eq 40 ]
# What the items of a task lose is said once, not with every method.
cp "$work/err" "$work/err.whole"
runs 0 eval -c "$work/eval.yaml" -s max_input=6 -s output="$work/short"
check 'cut inputs are said' [ "$(grep -c ' of 40 inputs were cut at 6 tokens' "$work/err")" -eq "$(echo "$names" | wc -l)" ]
check 'whole ones are not' sh -c "! grep -q 'were cut' '$work/err.whole'"
rm -r "$work/short"
check 'a table of routing' "$skein" plot routing "$work/eval" -o "$work/figures" --figure tasks

# Again: everything is taken over, not one byte changes.
cp -r "$work/eval" "$work/before"
runs 0 eval -c "$work/eval.yaml"
check 'cells are taken over' grep -q '12 finished cells are taken over; 0 are computed' "$work/err"
check 'nothing changes' diff -r "$work/before" "$work/eval"

# Another limit: other items, a sample, and the cells of before are kept beside and found again.
runs 0 eval -c "$work/eval.yaml" -s limit=9
check 'what is kept is said' grep -q '12 finished cells of other settings are kept in' "$work/err"
check 'a sample is said' grep -q '^items drawn with sample.seed 1: each task 9 of' "$work/out"
runs 0 eval -c "$work/eval.yaml"
check 'kept cells are found' grep -q '12 finished cells are taken over; 0 are computed' "$work/err"
check 'and are as they were' diff -r "$work/before" "$work/eval" -x kept

# What methods cost is counted, whatever the threads; what a clock says is in files of its own.
check 'costs below the scores' grep -q '^phatgoose  *[1-9][0-9.]*  *[0-9.]* %  *[1-9]' "$work/out"
check 'the base adds nothing' grep -q '^base  *0.0  *0.00 %  *0.0  *0.0  *0.00 MiB$' "$work/out"
for form in md tex; do check "costs in table.$form" grep -q 'weights read' "$work/eval/table.$form"; done
head -n 1 "$work/eval/table.csv" >"$work/head"
check 'cost and labels as columns' grep -q ',routing_multiply_adds,.*,input_granularity,' "$work/head"
check 'a timing a cell' [ "$(tail -n +2 "$work/eval/timings.csv" | grep -c ',[0-9.e-]*,')" -eq 15 ]
runs 0 eval -c "$work/eval.yaml" -s threads=1 -s output="$work/again"
check 'the same bytes' diff -r "$work/eval/cells" "$work/again/cells"
check 'and tables' sh -c "for f in txt md tex csv json; do cmp '$work/eval/table.'\$f '$work/again/table.'\$f || exit 1; done"
rm -r "$work/again/timings"
runs 0 eval -c "$work/eval.yaml" -s output="$work/again"
check 'a lost timing costs no cell' grep -q '12 finished cells are taken over; 0 are computed' "$work/err"
check 'and is left out' grep -q "^$first,base,,,,$" "$work/again/timings.csv"
rm -r "$work/again"
runs 0 eval -c "$work/eval.yaml" -s tables_by=input -s output="$work/eval"
check 'tables by a label' grep -q '^input_granularity Step: held-in: exact_match' "$work/out"
check 'rules apart' grep -q '^rules that see labels: held-in: exact_match' "$work/out"
refused 2 "tables_by: 'expert_selektion' is no label .*; did you mean 'expert_selection'" \
  eval -c "$work/eval.yaml" -s tables_by=expert_selektion
runs 0 eval -c "$work/eval.yaml"
check 'score against cost' "$skein" plot pareto "$work/eval" -o "$work/figures"
check 'by the clock' "$skein" plot pareto "$work/eval" -o "$work/figures" --cost tokens/s --force

# A forward that only chooses is counted: three blocks of 4 x 128 x 128 and 3 x 128 x 256 a token.
{ cat "$work/tasks.yaml" && echo "methods: [{router: logo, top_k: 1, logo.probe: base}]"; } >"$work/logo.yaml"
runs 0 eval -c "$work/logo.yaml" -s limit=5 -s output="$work/logo"
check 'the probe of logo' awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
  NR > 1 && $at["routing_multiply_adds"] != 491520 * $at["input_tokens"] { bad = 1 }
  END { exit bad || NR != 4 }' "$work/logo/table.csv"
rm -r "$work/logo"

# Methods compared: with one another, with those of another run.
runs 0 compare "$work/eval"
check 'a matrix' grep -q '^all tasks: row minus column, points$' "$work/out"
check 'a matrix of p' grep -q '^all tasks: p (Holm), above the diagonal over items, below over tasks$' "$work/out"
check 'every pair' [ "$(grep -c '^[a-z]* - [a-z]* ' "$work/out")" -eq 6 ]
cp "$work/out" "$work/first.txt"
runs 0 compare "$work/eval"
check 'the same numbers again' cmp -s "$work/out" "$work/first.txt"
runs 0 compare "$work/eval" --format latex
check 'as LaTeX' [ "$(grep -c '^.begin{tabular}' "$work/out")" -eq 3 ]
runs 0 compare "$work/eval:glider,base" --items
check 'task by task' grep -q "^$first  *40 " "$work/out"
check 'with its items' grep -q '^won by  *against  *task' "$work/out"
runs 0 compare "$work/eval:glider,base" --format json -o "$work/pair.json"
check 'as JSON' grep -q '"scope": "all"' "$work/pair.json"
runs 0 eval -c "$work/eval.yaml" -s limit=9 -s output="$work/nine"
runs 0 compare "$work/eval:glider" "$work/nine:glider"
check 'items of both' grep -q "^$first: 9 items are compared; 31 and 0 were asked of one" "$work/out"
check 'and they are the same' grep -q '^all tasks  *27 .* 0:0$' "$work/out"
rm -r "$work/nine"
runs 2 compare "$work/eval:glider"
check 'one is none to compare' grep -q 'there is one method' "$work/err"
runs 3 compare "$work/pool"
check 'no evaluation' grep -q 'table.json: there is none' "$work/err"

# A report tells of the same differences.
runs 0 report "$work/eval" -o "$work/report.html"
check 'a sound page' sh tests/html_sound "$work/report.html"
highest=$(sed -n 's|.*Points more or less than <b>\([^<]*\)</b>.*|\1|p' "$work/report.html")
runs 0 compare "$work/eval:base,$highest" --format csv
for field in difference low high; do
  value=$(awk -F, -v field="$field" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR > 1 && $at["scope"] == "all" { printf "%+.1f", $at[field] }' "$work/out")
  check "the $field of base and $highest" grep -q "<th scope=\"row\">base</th>.*[^0-9.]${value:-none}[^0-9.]" "$work/report.html"
done

# same_predictions: those of the interrupted evaluation are those of the whole one.
same_predictions() {
  for file in $(cd "$work/eval/cells" && find . -name '*.jsonl' -o -name '*.routing.json'); do
    cmp -s "$work/eval/cells/$file" "$work/cut/cells/$file" || return 1
  done
}
# interrupt SIGNAL CODE: stops an evaluation after its first cell.
interrupt() {
  rm -rf "$work/cut"
  "$skein" eval -c "$work/eval.yaml" -s output="$work/cut" >"$work/out" 2>"$work/err" &
  run=$!
  wait_for $run [ -s "$work/cut/cells/base/$first.json" ]
  kill "-$1" $run
  wait $run
  if [ $? -eq "$2" ] && [ ! -e "$work/cut/table.txt" ]; then pass; else fail "kill -$1"; fi
}
for how in 'TERM 130' 'KILL 137'; do
  # shellcheck disable=SC2086 # two words
  interrupt $how 2>/dev/null
  check "no half of a cell after $how" [ -z "$(find "$work/cut" -name '*.json' -size 0)" ]
  cp "$work/cut/cells/base/$first.json" "$work/first.json"
  runs 0 eval -c "$work/eval.yaml" -s output="$work/cut"
  check "resumed after $how" grep -q 'finished cells are taken over' "$work/err"
  check "the first cell stays after $how" cmp -s "$work/first.json" "$work/cut/cells/base/$first.json"
  check "the same predictions after $how" same_predictions
done

# Cells that fail: listed, without a score, exit 6.
runs 6 eval -c "$work/fail.yaml" -s output="$work/fail"
check 'failures are listed' grep -q '3 cells failed' "$work/err"
check 'failures have no score' grep -q '^average-activation  *failed' "$work/out"
check 'failures are kept' [ "$(wc -l <"$work/fail/failures.jsonl")" -eq 3 ]
check 'failures are no cells' [ ! -e "$work/fail/cells/average-activation/$first.json" ]

# A threshold chosen on validation items, and never on what is scored.
sed "s|,\( *file: [^ ]*\)/test\(.jsonl.zst\)|,\\1/test\\2, valid: $PWD/configs/demo/data/NAME/valid.jsonl.zst|
  s|data/\([a-z]*\)/test\(.*\)NAME|data/\\1/test\\2\\1|; s|^     instruction.*|     }|" \
  "$work/tasks.yaml" >"$work/valid-tasks.yaml"
rule='router: glider, global.rule: threshold, global.gamma: 40, global.beta: -10'
{
  cat "$work/valid-tasks.yaml"
  echo "methods: [phatgoose, {name: chosen, $rule, choose: global.threshold}]"
} >"$work/choose.yaml"
chosen=$work/choose
runs 0 eval -c "$work/choose.yaml" -s output="$chosen" --dry-run
check 'a dry run chooses nothing' grep -q 'validation: the run chooses' "$work/err"
check 'a dry run of a choice writes nothing' [ ! -e "$chosen" ]
runs 0 eval -c "$work/choose.yaml" -s output="$chosen"
check 'what is chosen is said' grep -q \
  '^method chosen: global.threshold 0[.0-9]*, chosen on 120 validation items of .*candidates)$' "$work/err"
check 'the tables say it, too' grep -q '^chosen: global.threshold 0[.0-9]*, chosen on 120 val' "$chosen/table.txt"
p=$(sed -n 's/.*"value": \([-0-9.e]*\),$/\1/p' "$chosen/cells/chosen/$first.json")
score=$(sed -n 's/^chosen: .*: \([0-9.]*\) (at .*/\1/p' "$chosen/table.txt")
check 'the cell has what was chosen' grep -q "\"global.threshold\": \"$p\"" "$chosen/cells/chosen/$first.json"
check 'the cell has the curve' grep -q '"curve": \[' "$chosen/cells/chosen/$first.json"
# The same threshold, said, on the validation items, and on what is scored.
sed 's|file: \([^,]*\), valid: \([^,]*\)|file: \2|' "$work/valid-tasks.yaml" >"$work/said-tasks.yaml"
for tasks in said valid; do
  { cat "$work/$tasks-tasks.yaml" && echo "methods: [{name: chosen, $rule, global.threshold: $p}]"; } \
    >"$work/$tasks.yaml"
  runs 0 eval -c "$work/$tasks.yaml" -s output="$work/$tasks"
done
check 'its score is that of the validation items' \
  grep -q "^chosen .* $score  *±\|^chosen .* $score\$" "$work/said/table.txt"
check 'no item is answered otherwise' cmp "$work/valid/cells/chosen/$first.jsonl" \
  "$chosen/cells/chosen/$first.jsonl"
check 'validation items that nobody asks for' grep -q 'valid: no method has a setting' "$work/err"
cp "$chosen/cells/chosen/$first.json" "$work/before.json"
runs 0 eval -c "$work/choose.yaml" -s output="$chosen"
check 'nothing is chosen anew' grep -q '^6 finished cells are taken over; 0 are computed' "$work/err"
runs 0 eval -c "$work/choose.yaml" -s output="$chosen" --dry-run
check 'a dry run takes a choice over' grep -q '6 finished, 0 to compute' "$work/out"
# Other settings, and those of before: what is chosen by is their own cells, kept or in place.
grep '^method chosen: ' "$work/err" >"$work/first-choice"
sed 's/, choose:/, global.over: arrow, choose:/' "$work/choose.yaml" >"$work/over.yaml"
runs 0 eval -c "$work/over.yaml" -s output="$chosen"
grep '^method chosen: ' "$work/err" >"$work/other-choice"
check 'another choice' sh -c "! cmp -s '$work/first-choice' '$work/other-choice'"
runs 0 eval -c "$work/choose.yaml" -s output="$chosen" --dry-run
grep '^method chosen: ' "$work/err" >"$work/again-choice"
check 'a dry run chooses by kept cells' cmp "$work/first-choice" "$work/again-choice"
runs 0 eval -c "$work/choose.yaml" -s output="$chosen"
grep '^method chosen: ' "$work/err" >"$work/again-choice"
check 'kept cells are chosen by' cmp "$work/first-choice" "$work/again-choice"
{ cat "$work/tasks.yaml" && echo "methods: [{name: chosen, $rule, choose: global.threshold}]"; } >"$work/unvalid.yaml"
refused 2 'unvalid.yaml:.*method chosen: choose: no task has a file .valid.' eval -c "$work/unvalid.yaml"
{
  cat "$work/valid-tasks.yaml"
  echo "methods: [{name: chosen, $rule, choose: global.threshold, global.threshold: 0.5}]"
} >"$work/twice.yaml"
refused 2 'choose: its global.threshold is said already' eval -c "$work/twice.yaml"
sed 's|/valid.jsonl|/test.jsonl|' "$work/choose.yaml" >"$work/peek.yaml"
refused 2 'peek.yaml:.*valid: .* holds what is scored' eval -c "$work/peek.yaml"
second=$(echo "$names" | sed -n 2p)
sed "s|valid: .*/$first/valid|valid: $PWD/configs/demo/data/$second/test|" "$work/choose.yaml" >"$work/peek.yaml"
refused 2 "valid: .* holds what is scored (file: .*/$second/test" eval -c "$work/peek.yaml"
zstd -dc "configs/demo/data/$second/test.jsonl.zst" >"$work/plain.jsonl"
sed "s|valid: .*/$first/valid.jsonl.zst|valid: $work/plain.jsonl|" "$work/choose.yaml" >"$work/peek.yaml"
refused 2 "plain.jsonl holds what is scored (file: .*/$second/test" eval -c "$work/peek.yaml"
mkdir "$work/other"
echo mine >"$work/other/notes.txt"
runs 2 eval -c "$work/choose.yaml" -s output="$work/other"
check 'a directory of other things stays' [ "$(ls "$work/other")" = notes.txt ]

# Axes: cells are shared with the evaluation, a scale of 0 is PHATGOOSE, curves are drawn.
{
  cat "$work/tasks.yaml"
  echo "methods: [base, {name: glider, router: glider}]"
  echo "axes: {global.scale: [0, 3, 100], top_k: [1, 2]}"
} >"$work/axes.yaml"
runs 0 ablate -c "$work/axes.yaml" -s output="$work/eval" --dry-run
check 'cells of eval are shared' grep -q '6 finished, 15 to compute' "$work/out"
runs 0 ablate -c "$work/axes.yaml" -s output="$work/eval"
check 'a table per axis' grep -q '^global.scale  *0  *3  *100$' "$work/out"
check 'scale 0 is PHATGOOSE' cmp -s "$work/eval/cells/glider+global.scale=0/$first.jsonl" \
  "$work/eval/cells/phatgoose/$first.jsonl"
check 'the columns of the axes' grep -q '^method,global.scale,top_k,group,task,metric,score,' \
  "$work/eval/ablation.csv"
check 'a row a cell and a mean' [ "$(wc -l <"$work/eval/ablation.csv")" -eq 29 ]
for axis in global.scale top_k; do
  for end in tsv gp; do check "ablation-$axis.$end" [ -s "$work/eval/ablation-$axis.$end" ]; done
  if command -v gnuplot >"$work/out"; then
    for end in png svg; do check "ablation-$axis.$end" [ -s "$work/eval/ablation-$axis.$end" ]; done
  fi
done
runs 0 plot ablation "$work/eval" -o "$work/again"
check 'drawn alike' cmp -s "$work/again/ablation-top_k.tsv" "$work/eval/ablation-top_k.tsv"
PATH=/nowhere "$skein" plot ablation "$work/eval" -o "$work/without" >"$work/out" 2>"$work/err"
check 'without gnuplot it says so' grep -q 'gnuplot is not installed' "$work/err"
runs 3 plot ablation "$work/cut"
check 'no ablation there' grep -q 'ablation.csv' "$work/err"
echo 'method,top_k,task' >"$work/cut/ablation.csv"
runs 3 plot ablation "$work/cut"
check 'no ablation' grep -q 'ablation.csv: line 1: ' "$work/err"

finish

#!/bin/sh
# `skein train` as a user meets it, on the demo's files: what it refuses, what it says, what it leaves.
. tests/checks.sh
golden=tests/golden

gate() { "$skein" train gate -c configs/demo/gate.yaml -s output="$work/run" "$@" >"$work/out" 2>"$work/err"; }

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and no directory left.
refused() {
  want=$1 pattern=$2
  shift 2
  gate "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/run" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
    rm -rf "$work/run"
  fi
}

# Data that is not as it must be: the message names file, line and what is wrong.
good='{"input": "word: chair. say its kind.", "target": "furniture"}'
echo "$good" >"$work/good.jsonl"
{ echo "$good" && echo '{"input": "a", "target"}'; } >"$work/not-json.jsonl"
{ echo "$good" && echo '{"input": "a"}'; } >"$work/no-target.jsonl"
{ echo "$good" && echo '["a", "b"]'; } >"$work/not-object.jsonl"
{ echo "$good" && echo '{"input": 7, "target": "b"}'; } >"$work/not-text.jsonl"
{ echo "$good" && printf '{"input": "a\377", "target": "b"}\n'; } >"$work/not-utf8.jsonl"
: >"$work/empty.jsonl"
head -c 3000 configs/demo/data/reverse/train.jsonl.zst >"$work/cut.jsonl.zst"
refused 3 'not-json.jsonl: line 2: ' -s data.train="$work/not-json.jsonl"
refused 3 'no-target.jsonl: line 2: target: ' -s data.train="$work/no-target.jsonl"
refused 3 'not-object.jsonl: line 2: ' -s data.train="$work/not-object.jsonl"
refused 3 'not-text.jsonl: line 2: input: ' -s data.train="$work/not-text.jsonl"
refused 3 'not-utf8.jsonl: line 2: ' -s data.train="$work/not-utf8.jsonl"
refused 3 'empty.jsonl: ' -s data.train="$work/empty.jsonl"
refused 3 'cut.jsonl.zst: .*truncated' -s data.train="$work/cut.jsonl.zst"
refused 3 'nowhere.jsonl: ' -s data.train="$work/nowhere.jsonl"
refused 3 'no-target.jsonl: line 2: target: ' -s data.valid="$work/no-target.jsonl"

# Parts that are missing or do not belong together.
refused 3 'nowhere: want the directory of a T5' -s base="$work/nowhere"
refused 3 'nowhere: want the directory of a LoRA' -s expert="$work/nowhere"
refused 4 'expert_all/adapter_model.safetensors: ' -s expert=$golden/v1_1/expert_all
mkdir "$work/base" "$work/expert"
cp configs/demo/base/* "$work/base/"
head -c 100000 configs/demo/base/model.safetensors >"$work/base/model.safetensors"
refused 3 'base/model.safetensors: ' -s base="$work/base"
cp configs/demo/base/model.safetensors "$work/base/"
rm "$work/base/spiece.model"
refused 3 'base: .*spiece.model' -s base="$work/base"
sed 's/"peft_type": *"LORA"/"peft_type": "LOHA"/' configs/demo/experts/reverse/adapter_config.json >"$work/expert/adapter_config.json"
cp configs/demo/experts/reverse/adapter_model.safetensors "$work/expert/"
refused 3 'peft_type' -s expert="$work/expert"
"$skein" train base -s data.train=configs/demo/data/reverse/valid.jsonl.zst -s output="$work/small" \
  -s model.tokenizer=configs/demo/base/spiece.model -s model.vocab_size=100 >"$work/out" 2>"$work/err"
if [ $? -eq 4 ] && grep -q 'larger than the embedding of 100 rows' "$work/err"; then pass; else fail 'vocabulary'; fi

# Settings.
refused 2 "unknown key 'train.stesp'; did you mean 'train.steps'" -s train.stesp=3
refused 2 'train.learning_rate: ' -s train.learning_rate=fast
refused 2 'train.schedule: ' -s train.schedule=square
refused 2 'train.batch_size: ' -s train.batch_size=0
printf 'base: a\ntrain: {steps: 3, steps: 4}\n' >"$work/twice.yaml"
refused 2 'twice.yaml:2:' -c "$work/twice.yaml"
refused 2 'holds no run' --resume

# Output that cannot be written.
refused 1 '/dev/null: ' -s output=/dev/null/run

# A dry run says what it will take and leaves nothing.
if gate --dry-run && grep -q '^memory' "$work/out" && grep -q '^time' "$work/out" && [ ! -e "$work/run" ]; then
  pass
else
  fail 'dry run'
fi

# What the run would refuse, its dry run refuses, and in the same words.
refused_alike() {
  want=$1 pattern=$2
  shift 2
  gate "$@"
  is_refusal $? "$want" "$pattern" && first=$(words_of "$work/err") &&
    { gate "$@" --dry-run || is_refusal $? "$want" "$pattern"; } && [ "$(words_of "$work/err")" = "$first" ]
}
# How much memory is left changes from one moment to the next.
words_of() { sed 's/[0-9.]* GiB are left/ROOM/' "$1"; }
# The same, in words of its own.
alike_in_code() {
  gate "$@"
  is_refusal $? 1 "$work/" && { gate "$@" --dry-run || is_refusal $? 1 "$work/"; } && [ -s "$work/err" ]
}
mkdir "$work/run"
echo kept >"$work/run/run.yaml"
check 'another run' refused_alike 2 'run already holds a run'
rm -r "$work/run"
mkdir -p "$work/run/checkpoints"
echo mine >"$work/run/checkpoints/best.pt"
check 'checkpoints of another program' refused_alike 2 "run: holds 'checkpoints' and is no run"
check 'which stay' grep -q mine "$work/run/checkpoints/best.pt"
rm -r "$work/run"
mkdir "$work/run"
ln -s "$work/good.jsonl" "$work/run/gate.safetensors"
check 'a link for the result' refused_alike 2 "run: holds 'gate.safetensors' and is no run"
rm -r "$work/run"
ln -s "$work/nowhere" "$work/lost"
check 'a link to nowhere' alike_in_code -s output="$work/lost"
check 'a file' alike_in_code -s output="$work/good.jsonl"
check 'below a file' alike_in_code -s output="$work/good.jsonl/run"
check "another's home" refused_alike 2 '~nobody/run: ' -s output='~nobody/run'
(export HOME="$work/home" && mkdir "$HOME" && gate -s output='~/run' --dry-run)
check 'a home' [ $? -eq 0 ]
check 'a precision' env SKEIN_KERNEL=portable sh -c "
  ! '$skein' train gate -c configs/demo/gate.yaml -s output='$work/run' -s train.precision=bf16 --dry-run 2>'$work/err' &&
  grep -q 'train.precision: ' '$work/err'"
check 'memory of steps' refused_alike 1 'the run: needs about .* GiB of memory' -s train.batch_size=10000000 \
  -s train.max_tokens=1000000000
"$skein" train base -s data.train=configs/demo/data/reverse/valid.jsonl.zst -s output="$work/run" \
  -s model.tokenizer=configs/demo/base/spiece.model -s model.d_ff=1048576 -s model.d_model=1048576 --dry-run \
  >"$work/out" 2>"$work/err"
check 'memory of weights' grep -q 'error: a new T5 of .* million weights: needs about .* GiB of memory' "$work/err"
mkdir "$work/run"
: >"$work/run/.lock"
flock "$work/run/.lock" sleep 2 &
wait_for $! sh -c "! flock -n '$work/run/.lock' true"
gate --dry-run
check 'a run that is going on' is_refusal $? 1 'run: another process is writing this run'
rm -rf "$work/run"

# More pieces than the texts give: the setting, the file, and how many there can be.
"$skein" train base -s data.train="$work/good.jsonl" -s output="$work/run" >"$work/out" 2>"$work/err"
check 'pieces' grep -Eq 'good.jsonl: model.pieces: is 2000, and the texts give [0-9]+ pieces at most' "$work/err"

# What the data are like is said before a run begins, and kept; a warning can be made an error.
grin=$(printf '\360\237\230\200')
{
  for i in 1 2 3 4 5 6 7 8 9; do echo '{"input": "word: chair. say its kind.", "target": "furniture"}'; done
  echo '{"input": "word: chair. say its kind, and why you think so at length.", "target": ""}'
  echo "{\"input\": \"word: rose. $grin $grin $grin $grin\", \"target\": \"flower\"}"
} >"$work/odd.jsonl"
odd="-s data.train=$work/odd.jsonl -s data.valid=$work/good.jsonl -s data.max_input=14 -s train.steps=1 -s train.batch_size=2"
for how in --dry-run ''; do
  # shellcheck disable=SC2086 # options
  gate $odd $how
  cat "$work/err" >>"$work/out"
  for want in 'data.train: 11 examples, 11 of them tokenised' 'labels   3 distinct targets, 81.8 % are .furniture.' \
    'warning: data.train: [0-9.]* % (more than 1 %) of inputs are cut' \
    "warning: data.train: [0-9.]* % (more than 1 %) of the inputs' tokens are unknown" \
    'warning: data.train: 9.1 % (more than 1 %) of targets are empty' \
    'warning: data.valid: 100.0 % (more than 90 %) of targets are the same' \
    'warning: data.valid: 100.0 % (more than 1 %) of inputs are those of training'; do
    check "'$want' is said${how:+ by a dry run}" grep -q "$want" "$work/out"
  done
done
check 'a copy stays' grep -q '"inputs_in_train": 1' "$work/run/data.json"
rm -rf "$work/run"
# shellcheck disable=SC2086 # options
refused 3 'data.train: .* of inputs are cut.*--strict; of 5 warnings the first' $odd --strict
gate --strict --dry-run
check 'sound data' [ $? -eq 0 ]

# Ctrl-C finishes the step, saves and exits 130; the run can be resumed, and a finished run stands.
quick="-s train.steps=6 -s train.batch_size=8 -s train.eval_examples=8 -s train.save_every=100"
# A hangup is nothing to what was started to ignore it (nohup).
(trap '' HUP && exec "$skein" train gate -c configs/demo/gate.yaml -s output="$work/run" -s train.batch_size=64 \
  -s train.steps=100000 -s train.eval_examples=8) >"$work/out" 2>"$work/err" &
run=$!
few_steps() { [ -s "$work/run/metrics.csv" ] && [ "$(wc -l <"$work/run/metrics.jsonl")" -ge 4 ]; }
wait_for $run few_steps
kill -HUP $run
kill -TERM $run
wait $run
if [ $? -eq 130 ] && grep -q -- '--resume' "$work/err" && [ ! -e "$work/run/gate.safetensors" ]; then pass; else
  fail 'interrupted'
fi
rm -rf "$work/run"
if gate $quick && [ -s "$work/run/gate.safetensors" ] && grep -q 'Is the gate trained' "$work/out"; then pass; else
  fail 'a short run'
fi
gate $quick
if [ $? -eq 2 ] && grep -q 'already holds a run' "$work/err" && [ -s "$work/run/gate.safetensors" ]; then pass; else
  fail 'a second run'
fi

# Two at once in one output: one of them trains, the other one changes nothing and says who does.
small="-s data.train=$work/good.jsonl -s data.valid= -s train.steps=2 -s train.batch_size=4"
both=0 neither=0
for _ in 1 2 3 4 5; do
  rm -rf "$work/run"
  # shellcheck disable=SC2086 # options
  {
    "$skein" train gate -c configs/demo/gate.yaml -s output="$work/run" $small >"$work/out.1" 2>"$work/err.1" &
    "$skein" train gate -c configs/demo/gate.yaml -s output="$work/run" $small >"$work/out.2" 2>"$work/err.2"
  }
  second=$?
  wait $!
  first=$?
  if [ $first -ne 0 ] && [ $second -ne 0 ]; then neither=$((neither + 1)); fi
  if [ $first -eq 0 ] && [ $second -eq 0 ]; then both=$((both + 1)); fi
  [ -e "$work/run/gate.safetensors" ] || neither=$((neither + 1))
done
if [ $both -eq 0 ] && [ $neither -eq 0 ]; then pass; else fail "of 5 pairs both trained $both times, neither $neither"; fi
rm -rf "$work/run" && mkdir "$work/run"
flock "$work/run/.lock" sleep 2 &
wait_for $! sh -c "! flock -n '$work/run/.lock' true"
# shellcheck disable=SC2086 # options
gate $small
if is_refusal $? 1 'run: another process is writing this run' && [ "$(ls -A "$work/run")" = .lock ]; then pass; else
  fail 'a held output'
fi

# An output that came from somebody else has links in it: they are refused, and lead nowhere.
for target in metrics.jsonl checkpoints gate.safetensors .lock run.yaml last; do
  rm -rf "$work/run" "$work/home" && mkdir "$work/run" "$work/home"
  echo precious >"$work/home/thesis"
  case $target in
    *.*) ln -s "$work/home/thesis" "$work/run/$target" ;;
    *) ln -s "$work/home" "$work/run/$target" ;;
  esac
  # As if a run had died here, for of other directories nothing is touched.
  [ $target = .lock ] || : >"$work/run/.lock"
  # shellcheck disable=SC2086 # options
  gate $small
  code=$?
  if [ "$(ls -A "$work/home")" = thesis ] && [ "$(cat "$work/home/thesis")" = precious ] &&
    grep -q -e "run/$target: is a symbolic link" -e "holds '$target' and is no run" -e 'already holds a run' "$work/err"; then pass; else
    fail "a link named $target: exit $code"
  fi
done
rm -rf "$work/run"

finish

#!/bin/sh
# `skein pool` as a collector meets it, on the demo's experts and gates.
. tests/checks.sh
demo=configs/demo
golden=tests/golden
pool=$work/pool

run() { "$skein" pool "$@" >"$work/out" 2>"$work/err"; }

# accepted ARGUMENTS: exit 0 and nothing on stderr.
accepted() {
  run "$@"
  code=$?
  if [ $code -eq 0 ] && [ ! -s "$work/err" ]; then pass; else fail "$*: exit $code"; fi
}

# Every name and byte of a pool.
state() { (cd "$1" && find . -type f ! -name .lock -exec sha256sum {} + | sort -k 2; find . -type d | sort); }

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and the pool as it was.
refused() {
  want=$1 pattern=$2
  shift 2
  before=$(state "$pool")
  run "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ "$(state "$pool")" = "$before" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# checked CODE LINES PATTERN POOL: `check` exits so, prints so many findings, and one line matches.
checked() {
  run check "$4"
  code=$?
  if [ $code -eq "$1" ] && [ "$(grep -c '^\(error\|note\) ' "$work/out")" -eq "$2" ] &&
    grep -q "$3" "$work/out" && [ ! -s "$work/err" ]; then pass; else
    fail "check: exit $code, want $1, $2 findings and '$3'"
  fi
}

# says PATTERN...: each matches a line of what the last command printed.
says() {
  for pattern; do
    if grep -q "$pattern" "$work/out"; then pass; else fail "no line like '$pattern'"; fi
  done
}

copy() {
  rm -rf "$work/copy"
  cp -R "$pool" "$work/copy"
}

# The data of a safetensors file becomes zeros, or ends in a NaN.
data_at() { echo $((8 + $(od -An -tu8 -N8 "$1"))); }
zero() {
  size=$(wc -c <"$1") at=$(data_at "$1")
  { head -c "$at" "$1" && head -c $((size - at)) /dev/zero; } >"$work/zeroed"
  mv "$work/zeroed" "$1"
}
spoil() { printf '\0\0\300\177' | dd of="$1" bs=1 seek=$(($(wc -c <"$1") - 4)) conv=notrunc 2>/dev/null; }

# Experts and gates after a step of training: five on every module in bf16, one on a part of the
# modules, of another rank, with two gates.
train() { "$skein" train "$@" -s train.batch_size=4 -s train.eval_every=0 >"$work/out" 2>"$work/err" || fail "train $*"; }
expert() { # NAME SETTINGS...: into experts/NAME
  name=$1
  shift
  train lora -c $demo/lora.yaml -s output="$work/run" -s train.steps=1 "$@"
  mkdir -p "$made/experts/$name" "$made/gates"
  cp "$(dirname "$(find "$work/run" -name adapter_config.json ! -path '*/checkpoints/*')")"/adapter_* "$made/experts/$name"
  rm -rf "$work/run"
}
# A gate of one step is hardly trained: what is said of that is the matter of test_verdict_cli.sh, so the
# verdict gets another name here.
gate() { # EXPERT NAME STEPS: into gates/NAME.safetensors
  train gate -c $demo/gate.yaml -s expert="$made/experts/$1" -s output="$work/run" -s train.steps="$3"
  LC_ALL=C sed 's/"verdict"/"unasked"/' "$work/run/gate.safetensors" >"$made/gates/$2.safetensors"
  rm -rf "$work/run"
}
made=$work/made
for name in kind twice rotate shorten largest; do
  expert $name -s train.seed=$((seed = ${seed-0} + 1)) -s lora.rank=8 -s lora.alpha=8 -s lora.dtype=bf16
  gate $name $name 3
done
part=$made/experts/part
expert part -s lora.rank=4 -s lora.alpha=16 -s lora.targets=q,wo -s lora.dtype=f32
gate part part-1 1
gate part part-2 2

# ---- init ----
mkdir "$pool"
refused 2 'init: --base DIR is missing' init "$pool"
refused 3 'nowhere: want the directory of a T5' init "$pool" --base "$work/nowhere"
refused 2 "pool: 'make' is none of" make "$pool"
refused 2 'POOL is missing' init --base $demo/base
refused 3 'pool: has no pool.yaml, so it is not the directory of a pool' add "$pool" kind --adapter $made/experts/kind --gate $made/gates/kind.safetensors
accepted init "$pool" --base $demo/base
refused 2 'is a pool already' init "$pool" --base $demo/base
checked 0 0 ': 0 experts, 0 errors, 0 notes$' "$pool"
echo '{"input": "a", "choices": ["b", "c"]}' >"$work/asked.jsonl"
"$skein" score --pool "$pool" --router phatgoose --input "$work/asked.jsonl" >"$work/out" 2>"$work/err"
if is_refusal $? 3 'pool: has no experts; add them'; then pass; else fail 'a pool without experts'; fi

# ---- add ----
add() {
  name=$1
  shift
  accepted add "$pool" "$name" --adapter "$made/experts/$name" --gate "$made/gates/$name.safetensors" "$@"
}
printf 'Say the "kind" of a thing:\nan animal?\n\n' >"$work/instruction"
add kind --instruction "@$work/instruction" --licence Apache-2.0
add twice --instruction 'yes'
accepted add "$pool" part-1 --adapter "$part" --gate "$made/gates/part-1.safetensors"
accepted ls "$pool"
says '^  kind  *lora  *8  *8  *54  *3 .*Say the "kind" of a thing: an animal?  *Apache-2.0' \
  '^  twice  *lora  *8 .* yes' '^  part-1  *lora  *4  *16  *15  *1 ' '^base linears  *54$'
accepted ls "$pool" --json
says '"instruction": "Say the \\"kind\\" of a thing:\\nan animal?"' '"rank": 4,' '"modules": 15'
if "$skein" inspect "$pool" >"$work/out" 2>"$work/err"; then says '^kind  *pool of experts$' '^  part-1  *lora  *4 '; else
  fail inspect
fi
for file in adapter_config.json adapter_model.safetensors; do
  if cmp -s "$pool/experts/kind/$file" "$made/experts/kind/$file"; then pass; else fail "$file is not the contributor's"; fi
done

# What does not belong together, is malformed or makes no sense changes nothing.
good="--adapter $made/experts/rotate --gate $made/gates/rotate.safetensors"
cp -R $made/experts/rotate "$work/spoilt"
cp $made/gates/rotate.safetensors "$work/spoilt.safetensors"
spoil "$work/spoilt.safetensors"
printf '\300\177' | dd of="$work/spoilt/adapter_model.safetensors" bs=1 conv=notrunc 2>/dev/null \
  seek=$(($(wc -c <"$work/spoilt/adapter_model.safetensors") - 2))
# shellcheck disable=SC2086 # two options
{
  refused 2 "has an expert 'kind' already" add "$pool" kind $good
  refused 2 "'Kind': is no name" add "$pool" Kind $good
  refused 2 "'../x': is no name" add "$pool" ../x $good
  refused 2 'add: takes no --json' add "$pool" rotate $good --json
  refused 2 'unknown option --alpha' add "$pool" rotate $good --alpha 3
  refused 2 'takes no --rank' add "$pool" rotate $good --rank 3
  refused 2 'licence: is not UTF-8' add "$pool" rotate $good --licence "$(printf 'a\377')"
  refused 3 'nothing: cannot open' add "$pool" rotate $good --instruction "@$work/nothing"
  refused 4 'pool.yaml: base: fingerprint: ' add "$pool" rotate $good --base $golden/v1_1/base
}
# What is read otherwise than it is written is said, once.
cp -R $made/experts/rotate "$work/biased"
sed -i 's/"bias": "none"/"bias": "all"/' "$work/biased/adapter_config.json"
copy
run add "$work/copy" rotate --adapter "$work/biased" --gate $made/gates/rotate.safetensors
if [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q 'biased/adapter_config.json: bias: ' "$work/err"; then
  pass
else
  fail 'biases that are not there are not spoken of'
fi

refused 2 'add: --adapter DIR is missing' add "$pool" rotate --gate $made/gates/rotate.safetensors
refused 3 'made: is a directory; want a file of gates' add "$pool" rotate --adapter $made/experts/rotate --gate $made
refused 2 "instruction: '@' wants a file: @FILE" add "$pool" rotate --adapter $made/experts/rotate \
  --gate $made/gates/rotate.safetensors --instruction @
refused 2 ': NAME is missing' add "$pool" --adapter a --gate b
refused 3 'nowhere: want the directory of a LoRA' add "$pool" rotate --adapter "$work/nowhere" --gate $made/gates/rotate.safetensors
refused 3 'nowhere: cannot open' add "$pool" rotate --adapter $made/experts/rotate --gate "$work/nowhere"
refused 4 'expert_all/adapter_model.safetensors: ' add "$pool" rotate --adapter $golden/v1_1/expert_all --gate $made/gates/rotate.safetensors
refused 4 'twice.safetensors: __metadata__: expert: ' add "$pool" rotate --adapter $made/experts/rotate --gate $made/gates/twice.safetensors
refused 3 'spoilt.safetensors: .*gate: .*NaN' add "$pool" rotate --adapter $made/experts/rotate --gate "$work/spoilt.safetensors"
refused 3 'spoilt/adapter_model.safetensors: .*lora_.*NaN' add "$pool" rotate --adapter "$work/spoilt" --gate $made/gates/rotate.safetensors
refused 3 'rotate.safetensors: __metadata__: format: ' add "$pool" rotate --adapter $made/experts/rotate \
  --gate $made/gates/rotate.safetensors --activation $made/gates/rotate.safetensors
refused 2 "has no expert 'rotate'" rm "$pool" rotate
refused 2 "unexpected argument 'twice'" rm "$pool" kind twice

# The base was moved: the pool says what it looked for, and --base is where it is.
sed "s:$demo/base:$work/moved:" "$pool/pool.yaml" >"$work/pool.yaml"
cp "$pool/pool.yaml" "$work/kept.yaml"
cp "$work/pool.yaml" "$pool/pool.yaml"
refused 3 "name: '$work/moved' is not there; say where the base is (--base" check "$pool"
accepted check "$pool" --base $demo/base
cp "$work/kept.yaml" "$pool/pool.yaml"

# ---- a folder that is not listed is somebody's: noted, and left alone ----
mkdir "$pool/experts/rotate"
echo mine >"$pool/experts/rotate/file"
checked 0 3 '^note .*experts/rotate: is not listed' "$pool"
run add "$pool" rotate --adapter $made/experts/rotate --gate $made/gates/rotate.safetensors --instruction 'Move the first word to the end.'
if grep -q 'experts/rotate: is there and not listed; it is left alone' "$work/err" &&
  [ "$(ls -A "$pool/experts")" = "$(printf 'kind\npart-1\nrotate\nrotate+1\ntwice')" ] &&
  [ "$(cat "$pool/experts/rotate/file")" = mine ]; then pass; else fail 'a folder that is not listed'; fi
rm -r "$pool/experts/rotate"
checked 0 2 '^note .*part-1: covers 15 of 54 modules' "$pool"
accepted rm "$pool" rotate
add rotate --instruction 'Move the first word to the end.'

# ---- what a writer that died leaves: finished, or undone, by the next one ----
mkdir "$pool/experts/began" "$pool/experts/twice+1"
echo half >"$pool/experts/began/gate.safetensors"
printf 'began\ntwice+1\nkind\n' >"$pool/experts/.changing"
touch "$pool/experts/kind/gate.safetensors.tmp.4194300.0123456789abcdef" "$pool/kept.tmp.x"
accepted add "$pool" largest --adapter $made/experts/largest --gate $made/gates/largest.safetensors
accepted rm "$pool" largest
if [ "$(find "$pool" -mindepth 1 -maxdepth 2 ! -name '.[gl]*' | sort)" = "$(cd / && for f in \
  experts experts/kind experts/part-1 experts/rotate experts/twice kept.tmp.x pool.yaml; do echo "$pool/$f"; done)" ] &&
  [ "$(ls "$pool/experts/kind" | wc -l)" -eq 3 ]; then pass; else fail 'what a writer that died has left'; fi
rm "$pool/kept.tmp.x"
echo '../../home' >"$pool/experts/.changing"
refused 3 "experts/.changing: '../../home' is no folder of an expert" rm "$pool" kind
rm "$pool/experts/.changing"

# ---- links in a pool lead nowhere ----
mkdir "$work/home" "$work/home/documents"
echo precious >"$work/home/documents/thesis"
for target in experts embeddings .lock experts/.changing .gitignore; do
  copy
  rm -rf "$work/copy/$target"
  ln -s "$work/home" "$work/copy/$target"
  [ -d "$work/copy/experts" ] || continue
  "$skein" pool add "$work/copy" documents --adapter $made/experts/kind --gate $made/gates/kind.safetensors >"$work/out" 2>"$work/err"
  "$skein" pool rm "$work/copy" kind >"$work/out" 2>"$work/err"
  "$skein" embed "$work/copy" >"$work/out" 2>"$work/err"
  "$skein" pool check "$work/copy" >"$work/out" 2>"$work/err"
  if [ "$(find "$work/home" | wc -l)" -eq 3 ] && [ "$(cat "$work/home/documents/thesis")" = precious ]; then pass; else
    fail "$target led out of the pool"
  fi
done
copy
mv "$work/copy/experts" "$work/outside" && ln -s "$work/outside" "$work/copy/experts"
before=$(state "$work/outside")
for change in "add $work/copy more --adapter $made/experts/kind --gate $made/gates/kind.safetensors" "rm $work/copy kind"; do
  # shellcheck disable=SC2086 # words
  run $change
  if is_refusal $? 3 'copy/experts: is a symbolic link; nothing below .*copy may be one' &&
    [ "$(state "$work/outside")" = "$before" ]; then pass; else fail "$change through a link"; fi
done
rm -r "$work/outside"

# ---- six at once: each waits for the others, and all are there ----
copy
for name in a b c d e f; do
  "$skein" pool add "$work/copy" $name --adapter $made/experts/kind --gate $made/gates/kind.safetensors 2>"$work/err.$name" &
done
wait
if [ "$(sed -n 's/^- name: \(.\)$/\1/p' "$work/copy/pool.yaml" | sort | xargs)" = 'a b c d e f' ] &&
  "$skein" pool check "$work/copy" >"$work/out"; then pass; else fail 'six additions at once'; fi

# ---- readers while an expert is replaced see the old one or the new one ----
head -n 2 tests/golden/pool_items.jsonl >"$work/items.jsonl" 2>/dev/null ||
  printf '{"input": "a", "choices": ["b", "c"]}\n' >"$work/items.jsonl"
(for gate in part-1 part-2 part-1 part-2 part-1 part-2; do
  "$skein" pool add "$work/copy" part-1 --adapter "$part" --gate "$made/gates/$gate.safetensors" --replace >"$work/log" || echo failed
done) >"$work/replaced" 2>&1 &
reads=0 lost=0
while kill -0 $! 2>/dev/null || [ $reads -lt 3 ]; do
  reads=$((reads + 1))
  "$skein" score --pool "$work/copy" --router phatgoose --input "$work/items.jsonl" >"$work/out" 2>"$work/err" || lost=$((lost + 1))
  "$skein" pool ls "$work/copy" >"$work/out" 2>>"$work/err" || lost=$((lost + 1))
done
wait
if [ $lost -eq 0 ] && [ ! -s "$work/replaced" ]; then pass; else fail "$lost of $reads readers found a third state"; fi

# ---- a replacement that cannot be written, or is killed, leaves the old expert ----
copy
before=$(state "$work/copy")
for limit in 1 20 60; do
  (ulimit -f $limit && exec "$skein" pool add "$work/copy" kind --adapter $made/experts/twice --gate $made/gates/twice.safetensors --replace) >"$work/out" 2>"$work/err"
  if [ "$(state "$work/copy")" = "$before" ]; then pass; else fail "a full disk (ulimit -f $limit)"; fi
done
for delay in 0.02 0.05 0.08 0.11 0.14 0.17 0.2; do
  timeout -s KILL $delay "$skein" pool add "$work/copy" kind --adapter $made/experts/kind --gate $made/gates/kind.safetensors --replace --licence "$delay" >"$work/out" 2>&1
  if "$skein" pool check "$work/copy" >"$work/out" 2>&1; then pass; else fail "killed after $delay s"; fi
done

# ---- files that are not those that were added are not used unawares ----
copy
cp "$made/gates/part-2.safetensors" "$work/copy/experts/part-1/gate.safetensors"
scored() { # CODE OPTIONS...
  want=$1
  shift
  "$skein" score --pool "$work/copy" --router phatgoose --input "$work/items.jsonl" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if [ $code -eq "$want" ]; then pass; else fail "score $*: exit $code, want $want"; fi
}
scored 4
if is_refusal 4 4 'part-1/gate.safetensors: was changed after it was added: SHA-256 is .*no-verify'; then pass; else fail 'a changed gate'; fi
scored 0 --no-verify --stats "$work/stats.json"
if grep -q 'copy: its files are not compared with pool.yaml' "$work/err" &&
  grep -q '"pool_files_verified": false' "$work/stats.json"; then pass; else fail 'no-verify is not said'; fi
cat >"$work/eval.yaml" <<END
{pool: $work/copy, output: $work/eval, tasks: [{name: t, file: $work/items.jsonl, kind: choices, metrics: accuracy}], methods: [phatgoose]}
END
printf '{"input": "a", "choices": ["b", "c"], "label": 0}\n' >"$work/items.jsonl"
for code in 4 0 0; do
  if [ $code -eq 4 ]; then set --; else set -- -s verify=false; fi
  "$skein" eval -c "$work/eval.yaml" "$@" >"$work/out" 2>"$work/err"
  got=$?
  if [ $got -ne $code ] || grep -q 'taken over' "$work/err"; then fail "eval $*: exit $got, want $code"; else pass; fi
done
if grep -q 'not compared with pool.yaml' "$work/eval/table.txt" && grep -q '"pool_files_verified": false' "$work/eval/table.json" &&
  grep -q '"verified": false' "$work/eval/cells/phatgoose/t.json"; then pass; else fail 'a table does not say verify: false'; fi

# ---- an evaluation has its output for itself, and its dead predecessor's temporaries go ----
cp "$pool/experts/part-1/gate.safetensors" "$work/copy/experts/part-1/gate.safetensors"
touch "$work/eval/cells/phatgoose/t.jsonl.tmp.4194300.0123456789abcdef" "$work/eval/table.tmp"
both=0
for _ in 1 2 3; do
  "$skein" eval -c "$work/eval.yaml" --force >"$work/out.1" 2>"$work/err.1" &
  "$skein" eval -c "$work/eval.yaml" --force >"$work/out.2" 2>"$work/err.2"
  second=$?
  wait $!
  first=$?
  [ $first -ne 0 ] && [ $second -ne 0 ] && both=$((both + 1))
done
if [ $both -eq 0 ] && [ -e "$work/eval/table.tmp" ] &&
  [ ! -e "$work/eval/cells/phatgoose/t.jsonl.tmp.4194300.0123456789abcdef" ]; then pass; else fail "two evaluations failed $both of 3 times"; fi

flock "$work/eval/.lock" sleep 3 &
wait_for $! sh -c "! flock -n '$work/eval/.lock' true"
before=$(state "$work/eval")
"$skein" eval -c "$work/eval.yaml" --force >"$work/out" 2>"$work/err"
if is_refusal $? 1 'eval: another process is evaluating into this directory' &&
  [ "$(state "$work/eval")" = "$before" ]; then pass; else fail 'a second evaluation'; fi

# ---- replacing keeps the order and the files of the others ----
cp -R "$pool" "$work/before"
touch -d '2001-02-03' "$pool"/experts/*/*
accepted add "$pool" twice --adapter "$part" --gate "$made/gates/part-1.safetensors" --instruction 'yes' --replace
accepted add "$pool" part-1 --adapter "$part" --gate "$made/gates/part-2.safetensors" --replace --licence MIT
if [ "$(sed -n 's/^- name: //p' "$pool/pool.yaml" | xargs)" = 'kind twice part-1 rotate' ] &&
  [ -z "$(find "$pool/experts/kind" "$pool/experts/rotate" -type f -newermt '2001-02-04')" ]; then pass; else
  fail 'replace'
fi

# ---- diff ----
accepted rm "$pool" kind
accepted add "$pool" kind --adapter $made/experts/kind --gate $made/gates/kind.safetensors --licence Apache-2.0 --instruction "@$work/instruction"
accepted rm "$pool" rotate
add shorten
run diff "$work/before" "$pool"
if [ $? -eq 1 ] && [ ! -s "$work/err" ]; then pass; else fail 'diff'; fi
says '^same base  *yes$' '^same order  *no$' '^experts added  *shorten$' '^experts removed  *rotate$' \
  '^  twice   adapter_config.json, adapter_model.safetensors, gate.safetensors' \
  '^  part-1  gate.safetensors, licence' \
  '^  part-1  decoder.cross  *0  *0  *0  *[0-9.]*[1-9][0-9.]*  *3  *0  *0  *0$' \
  '^  twice  *encoder.self  *-  *-  *0  *[0-9.]*  *3  *6  *0  *27$'
if grep -q '^ *kind ' "$work/out"; then fail 'an unchanged expert is in the diff'; else pass; fi
accepted diff "$work/before" "$work/before" --json
says '"same_order": true' '"experts_changed": \[\]' '"moved": \[\]'
rm -rf "$pool" && cp -R "$work/before" "$pool"

# ---- check ----
copy
echo ' ' >>"$work/copy/experts/kind/adapter_config.json"
checked 4 3 '^error  kind: .*kind/adapter_config.json: was changed' "$work/copy"
copy
rm "$work/copy/experts/kind/gate.safetensors"
checked 3 3 '^error  kind: .*kind/gate.safetensors: cannot open' "$work/copy"
copy
spoil "$work/copy/experts/kind/gate.safetensors"
checked 4 4 '^error  kind: .*kind/gate.safetensors: .*gate: .*NaN' "$work/copy"
copy
zero "$work/copy/experts/kind/gate.safetensors"
checked 4 4 '^error  kind: the gate is 0 in every module: it was not trained' "$work/copy"
copy
zero "$work/copy/experts/kind/adapter_model.safetensors"
checked 4 5 '^error  kind: B of the adapter is 0 in every module: it was not trained' "$work/copy"
says '^error  kind: pool.yaml: fingerprint: has '
copy
sed 's/rank: \[4, 4\]/rank: [3, 4]/; s/alpha: \[16.0, 16.0\]/alpha: [16.0, 17.0]/; s/modules: 15/modules: 20/' \
  "$pool/pool.yaml" >"$work/copy/pool.yaml"
checked 4 5 '^error  part-1: pool.yaml: rank: has \[3, 4\], the adapter \[4, 4\]' "$work/copy"
says 'alpha: has \[16, 17\], the adapter \[16, 16\]' 'modules: has 20, the adapter 15'
copy
cp "$pool/experts/twice/gate.safetensors" "$work/copy/experts/kind/gate.safetensors"
checked 4 4 '^error  kind: .*gate.safetensors: __metadata__: expert: ' "$work/copy"
cp $made/gates/kind.safetensors "$work/copy/experts/kind/gate.safetensors"
cp $made/gates/kind.safetensors "$work/copy/experts/kind/activation.safetensors"
checked 0 3 '^note   kind: .*activation.safetensors: is not listed' "$work/copy"
if run check "$pool" --base $golden/v1_1/base; [ $? -eq 4 ]; then
  says '^error  pool.yaml: base: fingerprint: '
else fail 'check against another base'; fi
run check "$pool" --json
says '"level": "note"' '"expert": "part-1"' '"errors": 0' '"notes": 2'

# Embeddings follow the experts: lexical ones are of all instructions, and read for these alone;
# those of the encoder are of one each.
accepted rm "$pool" part-1
for embedder in lexical encoder; do
  "$skein" embed "$pool" --embedder $embedder >"$work/out" 2>"$work/err" || fail "embed $embedder"
done
checked 0 0 ': 3 experts, 0 errors, 0 notes$' "$pool"
change() { run "$@" || fail "$*"; } # and what becomes stale is noted (test_pool_change.sh)
changed() { change add "$pool" "$1" --adapter "$made/experts/$1" --gate "$made/gates/$1.safetensors" --instruction "$2" --replace; }
changed twice 'no'
checked 4 2 '^error  twice: .*embeddings/encoder-.*: is of another instruction' "$pool"
says '^note .*embeddings/lexical-.*: is of other instructions than the pool.s; no run reads it'
changed twice 'yes'
checked 0 0 ': 3 experts, 0 errors, 0 notes$' "$pool"
change rm "$pool" kind
checked 0 2 "^note .*embeddings/encoder-.*: 1 row.* of no expert, 'kind' first" "$pool"
changed largest 'Say the largest.'
checked 4 3 '^error  largest: .*embeddings/encoder-.*: has no row for it' "$pool"

finish

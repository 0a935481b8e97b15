#!/bin/sh
# `skein pool import`, `export` and gates of others, as who has such files meets them: the golden
# checkpoints (tests/oracle/released.py), and the demo's experts.
. tests/checks.sh
demo=configs/demo
golden=tests/golden/released
base=tests/golden/v1_1/base
pool=$work/pool

run() { "$skein" pool "$@" >"$work/out" 2>"$work/err"; }

# accepted ARGUMENTS: exit 0 and nothing on stderr.
accepted() {
  run "$@"
  code=$?
  if [ $code -eq 0 ] && [ ! -s "$work/err" ]; then pass; else fail "$*: exit $code"; fi
}

# noted PATTERN ARGUMENTS: exit 0 and a line on stderr that matches.
noted() {
  pattern=$1
  shift
  run "$@"
  code=$?
  if [ $code -eq 0 ] && grep -q "$pattern" "$work/err"; then pass; else fail "$*: exit $code, want '$pattern'"; fi
}

# Every name and byte of the working directory but for those of the harness.
state() { (cd "$work" && find . ! -name .lock ! -name out ! -name err -type f -exec sha256sum {} + | sort -k 2; find "$work" | sort); }

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and nothing written anywhere.
refused() {
  want=$1 pattern=$2
  shift 2
  before=$(state)
  run "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ "$(state)" = "$before" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# says PATTERN...: each matches a line of what the last command printed.
says() {
  for pattern; do
    if grep -q -- "$pattern" "$work/out"; then pass; else fail "no line like '$pattern'"; fi
  done
}

same() { if cmp -s "$1" "$2"; then pass; else fail "$1 and $2 differ"; fi; }

: >"$work/out" && : >"$work/err"
printf 'zoo\napple\nmint\n' >"$work/names"
best=$golden/phatgoose/best.pt

# ---- phatgoose ----
goose() { refused "$1" "$2" import phatgoose "$work/new" --base $base --checkpoint "${3:-$best}" --names "${4:-$work/names}"; }
# Of imports that began before: one died, one goes on, one is no import's.
mkdir "$work/.pool.1.new" "$work/.pool.2.new" "$work/.pool.x.new"
: >"$work/.pool.1.new/.lock" && : >"$work/.pool.x.new/.lock"
exec 9>"$work/.pool.2.new/.lock" && flock 9
accepted import phatgoose "$pool" --checkpoint $best --base $base --names "$work/names"
exec 9>&-
if [ "$(cd "$work" && echo .pool.*) $(ls -A "$pool")" = ".pool.2.new .pool.x.new .gitignore
experts
pool.yaml" ]; then pass; else fail "left behind: $(ls -A "$work" "$pool")"; fi
rm -r "$work"/.pool.*
says '^format  *phatgoose$' '^not used  *decoder.embed_tokens.weight' '^tensors not used  *2$' \
  '^scale  *1 / rank' '^  apple  *4  *47  *trained  *standardised  *best.pt, expert 1$'
accepted ls "$pool"
says '^  zoo  *lora  *4  *1  *47  *-  *raw  *-  *unverified'
accepted ls "$pool" --json
says '"source": "best.pt, expert 2"'
accepted check "$pool"
says '^note   mint: provenance: unverified' '3 experts, 0 errors, 7 notes$'
run check "$pool" --require-provenance
[ $? -eq 4 ] && says '^error  mint: provenance: unverified' '3 errors, 4 notes$'
noted 'gates of 1 of 1 experts are 0: train them' import phatgoose "$work/linear" --base $base \
  --checkpoint $golden/lora_linear/best.pt --names "$(head -n 1 "$work/names" >"$work/one" && echo "$work/one")"

refused 2 'pool: is there already' import phatgoose "$pool" --base $base --checkpoint $best --names "$work/names"
refused 2 'names: is there already' import phatgoose "$work/names" --base $base --checkpoint $best --names "$work/names"
mkdir "$work/empty"
accepted import phatgoose "$work/empty/" --checkpoint $best --base $base --names "$work/names"
refused 2 'import phatgoose: --base DIR is missing' import phatgoose "$work/new" --checkpoint $best
refused 3 'empty-dir: is a directory; want a file, best.pt' import phatgoose "$work/new" --base $base \
  --checkpoint "$(mkdir "$work/empty-dir" && echo "$work/empty-dir")"
refused 2 '--checkpoint FILE is missing' import phatgoose "$work/new" --base $base
refused 2 'import phatgoose: takes no --directory' import phatgoose "$work/new" --base $base --checkpoint $best --directory x
refused 2 "'goose' is none of phatgoose, glider" import goose "$work/new" --base $base
refused 2 'best.pt: holds 3 experts, and the names .* of 36' import phatgoose "$work/new" --base $base --checkpoint $best
printf 'zoo\napple\n' >"$work/few"
printf 'zoo\napple\nmint\nrose\n' >"$work/many"
printf 'zoo\napple\nZOO\n' >"$work/twice"
printf 'zoo\n../apple\nmint\n' >"$work/odd"
goose 3 'few: has 2 names, and the checkpoint 3 experts' $best "$work/few"
goose 3 'many: line 4: is one name more' $best "$work/many"
goose 3 "twice: line 3: 'zoo' is there twice" $best "$work/twice"
goose 3 "odd: line 2: '../apple' is no name of an expert" $best "$work/odd"
goose 3 'nothing: cannot open' $best "$work/nothing"
goose 3 'none.pt: cannot open' "$work/none.pt"
refused 4 'best.pt: .*another base' import phatgoose "$work/new" --base tests/golden/v1_0/base --checkpoint $best --names "$work/names"
refused 4 'best.pt: ' import phatgoose "$work/new" --base tests/golden/f16/base --checkpoint $best --names "$work/names"
head -c 200000 $best >"$work/cut.pt"
goose 3 'cut.pt: .*truncated' "$work/cut.pt"
{ head -c 252000 $best && printf 'XXXX' && tail -c +252005 $best; } >"$work/flipped.pt"
goose 3 'flipped.pt: ' "$work/flipped.pt"
{ head -c 100100 $best && printf X && tail -c +100102 $best; } >"$work/sum.pt"
goose 3 'sum.pt: .*CRC-32' "$work/sum.pt"
goose 3 'embeddings.pt: tensor .* is none that PHATGOOSE' $golden/embeddings.pt
printf '\357\273\277zoo\r\napple\r\nmint\r\n' >"$work/windows"
accepted import phatgoose "$work/bom" --base $base --checkpoint $best --names "$work/windows"
same "$pool/pool.yaml" "$work/bom/pool.yaml"
refused 2 'POOL: is empty' import phatgoose '' --base $base --checkpoint $best --names "$work/names"
refused 2 '--base: is empty' import phatgoose "$work/new" --base '' --checkpoint $best --names "$work/names"
refused 1 '/one: cannot make the directory' import phatgoose "$work/one/new" --base $base --checkpoint $best --names "$work/names"

# ---- glider ----
glider() { refused "$1" "$2" import glider "$work/new" --base $base --directory "$work/files"; }
files() {
  rm -rf "$work/files"
  cp -R $golden/glider "$work/files"
}
files
echo other >"$work/files/notes.txt"
accepted import glider "$work/glider" --directory "$work/files" --base $base --embeddings $golden/embeddings.pt --embedder nomic
says '^not used  *.*notes.txt' '^embedder  *nomic$' '^embeddings  *3$' '^embeddings not used  *1$' \
  '^  zoo  *4  *47 .* zoo_best.pt$'
accepted check "$work/glider"
noted 'have length 1.*--raw-gates' import glider "$work/arrow" --directory $golden/arrow --base $base
says '^  zoo .* first right singular vectors  *standardised'
accepted import glider "$work/column" --directory $golden/column --base $base --raw-gates
says '^  zoo .* column 0 of V^H  *as they are'
cp "$work/files/zoo_best.pt" "$work/files/zoo_old_best.pt"
glider 3 "zoo_old_best.pt: expert 'zoo': is there twice, also from zoo_best.pt"
files
mv "$work/files/zoo_best.pt" "$work/files/$(printf 'zoo_\377')_best.pt"
accepted import glider "$work/bytes" --directory "$work/files" --base $base
says '^  zoo .* zoo_\\xff_best.pt$'
files
mv "$work/files/zoo_best.pt" "$work/files/.zoo_best.pt"
cp $best "$work/files/many_best.pt"
glider 3 'many_best.pt: holds 3 experts'
mv "$work/files/many_best.pt" "$work/files/a b_best.pt"
glider 3 "a b_best.pt: 'a b', which precedes"
files
head -c 90000 $golden/glider/mint_best.pt >"$work/files/mint_best.pt"
glider 3 'mint_best.pt: '
refused 3 'one: want the directory of the <task>_best.pt' import glider "$work/new" --base $base --directory "$work/one"
mkdir "$work/nobody"
refused 3 'nobody: has no <task>_best.pt' import glider "$work/new" --base $base --directory "$work/nobody"
refused 2 'import glider: --directory DIR is missing' import glider "$work/new" --base $base
refused 2 'import glider: takes no --names' import glider "$work/new" --base $base --directory "$work/files" --names x
refused 3 "memory.pt: " import glider "$work/new" --base $base --directory $golden/glider --embeddings $golden/memory.pt
printf '{"zoo": [1, 2], "mint": [2, 1]}' >"$work/vectors.json"
refused 3 "vectors.json: has no vector of 'apple'" import glider "$work/new" --base $base --directory $golden/glider --embeddings "$work/vectors.json"
twice() { printf '{"mint": [2, 1], "Apple": [0, 1], "%s": [1, 2], "Zoo": [3, 4]}' "$1" >"$work/vectors.json"; }
twice ZOO
refused 3 "vectors.json: 'ZOO' and 'Zoo' may both be of the expert 'zoo'" import glider "$work/new" --base $base \
  --directory $golden/glider --embeddings "$work/vectors.json"
twice zoo
accepted import glider "$work/exact" --base $base --directory $golden/glider --embeddings "$work/vectors.json" --embedder two
accepted export glider "$work/exact" "$work/exact-out"
ok_vectors() { "$skein" inspect --json "$work/exact-out/embeddings/two.pt" | tr -d ' \n' | grep -o '"tensor":"zoo"[^}]*'; }
if ok_vectors | grep -q '"min":1.*"max":2\|"max":2.*"min":1'; then pass; else fail "not the vector of 'zoo': $(ok_vectors)"; fi

# ---- export ----
accepted export phatgoose "$pool" "$work/out.pt"
accepted export glider "$work/glider" "$work/out-glider"
says '^embedding files  *1$' '^changed *$'
accepted export peft "$pool" "$work/out-peft"
says '^gates  *gate.safetensors beside each adapter'
for file in adapter_config.json adapter_model.safetensors gate.safetensors; do
  same "$pool/experts/mint/$file" "$work/out-peft/mint/$file"
done
accepted import glider "$work/back" --directory "$work/out-glider" --base $base \
  --embeddings "$work/out-glider/embeddings/nomic.pt" --embedder nomic
same "$work/glider/pool.yaml" "$work/back/pool.yaml"
same "$work/glider/embeddings/nomic.safetensors" "$work/back/embeddings/nomic.safetensors"
refused 2 'out.pt: is there already' export phatgoose "$pool" "$work/out.pt"
refused 2 'out-peft: is there already' export peft "$pool" "$work/out-peft"
refused 2 "'onnx' is none of phatgoose, glider, peft" export onnx "$pool" "$work/new"
refused 2 'export: takes no --names' export peft "$pool" "$work/new" --names x
refused 3 'nowhere: want the directory of a pool' export peft "$work/nowhere" "$work/new"
# Stopped at any time, it leaves nothing behind, not under a hidden name either.
for tenths in 0 1 2 3 4 5 6 7 8 9; do
  "$skein" pool export peft "$pool" "$work/stop" >/dev/null 2>&1 &
  sleep 0.0$tenths
  kill -TERM $! 2>/dev/null
  wait $!
  rm -rf "$work/stop"
done
hidden=$(find "$work" -maxdepth 1 -name '.stop*')
if [ -z "$hidden" ]; then pass; else fail "an export that was stopped left $hidden"; fi

# ---- what somebody else made of a pool ----
strange() { rm -rf "$work/strange" && cp -R "$work/glider" "$work/strange"; }
strange && mv "$work/strange/embeddings" "$work/moved" && ln -s "$work/moved" "$work/strange/embeddings"
refused 3 'strange/embeddings: is a symbolic link' export glider "$work/strange" "$work/new"
strange && printf ' ' >>"$work/strange/experts/zoo/gate.safetensors"
for format in peft glider phatgoose; do
  refused 4 'zoo/gate.safetensors: was changed after it was added' export $format "$work/strange" "$work/new"
done
if [ ! -e "$work/new" ]; then pass; else fail 'a refused export leaves something'; fi

# ---- gates of others ----
adapter=$pool/experts/zoo
add() { gate=$1 && shift && run add "$work/others" zoo --adapter "$adapter" --gate "$gate" --replace "$@"; }
accepted init "$work/others" --base $base
noted 'memory.pt: .*recorded as provenance: unverified' add "$work/others" zoo --adapter "$adapter" --gate $golden/memory.pt
if grep -q 'mean 0 and variance 1.*take them as they are' "$work/err"; then pass; else fail 'nothing said of standardised gates'; fi
accepted ls "$work/others"
says '^  zoo  *lora  *4  *1  *47  *-  *standardised  *-  *unverified'
if grep -q '^  source: memory.pt$' "$work/others/pool.yaml" && grep -q '^  provenance: unverified$' "$work/others/pool.yaml"
then pass; else fail 'the manifest does not say where the gate is from'; fi
add $golden/glider/zoo_best.pt
if grep -q 'zoo_best.pt: 96 tensors are no gates' "$work/err"; then pass; else fail 'factors beside gates are not told'; fi
accepted ls "$work/others"
says '^  zoo  *lora  *4  *1  *47  *-  *raw  *-  *unverified'
same "$adapter/gate.safetensors" "$work/others/experts/zoo+1/gate.safetensors" # replaced once
accepted add "$work/others" own --adapter "$adapter" --gate "$adapter/gate.safetensors"
accepted ls "$work/others"
says '^  own .* unverified'
accepted check "$work/others"
says '^note   own: provenance: unverified'
if grep -q 'require' "$work/err"; then fail; else pass; fi
others() { refused "$1" "$2" add "$work/others" new --adapter "$adapter" --gate "$3" "${4:---licence=x}"; }
others 4 'memory.pt: provenance: is unverified' $golden/memory.pt --require-provenance
others 4 'gate.safetensors: provenance: is unverified' "$adapter/gate.safetensors" --require-provenance
others 4 'zoo_best.pt: .*is missing, and the adapter covers' $golden/arrow/zoo_best.pt
others 3 'best.pt: holds the gates of 3 experts' $best
others 3 'embeddings.pt: tensor .* is none that' $golden/embeddings.pt
others 3 'adapter_config.json: is no file of tensors' "$adapter/adapter_config.json"

# ---- provenance in runs, on a base with a tokenizer ----
accepted init "$work/demo" --base $demo/base
for name in kind hue; do
  accepted add "$work/demo" $name --adapter $demo/experts/$name --gate $demo/gates/$name.safetensors --instruction "Say $name."
done
accepted export glider "$work/demo" "$work/demo-files"
says '^  kind  *B scaled$'
noted 'unverified' add "$work/demo" kind --adapter $demo/experts/kind --gate "$work/demo-files/kind_best.pt" --replace --instruction 'Say kind.'
printf 'base: %s\npool: %s\noutput: %s\nlimit: 4\nbootstrap: {samples: 10}\ntasks:\n  - {name: kind, kind: choices, file: %s}\nmethods: [phatgoose]\n' \
  "$PWD/$demo/base" "$work/demo" "$work/eval" "$PWD/$demo/data/kind/test.jsonl.zst" >"$work/eval.yaml"
if "$skein" eval -c "$work/eval.yaml" >"$work/out" 2>"$work/err"; then pass; else fail eval; fi
for file in table.txt table.md table.tex; do
  if grep -q 'gates of unverified provenance: 1 of 2 experts: kind$' "$work/eval/$file"; then pass; else fail "$file says nothing of provenance"; fi
done
if grep -q '"unverified_gates": \[' "$work/eval/table.json"; then pass; else fail 'table.json says nothing of provenance'; fi
refuses() { # CODE PATTERN COMMAND...
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code "$want" "$pattern"; then pass; else fail "$*: exit $code, want $want"; fi
}
refuses 4 "expert 'kind': provenance: is unverified" eval -c "$work/eval.yaml" -s require_provenance=true
refuses 4 "expert 'kind': provenance: is unverified" score --pool "$work/demo" --router phatgoose \
  --input $demo/data/kind/test.jsonl.zst --require-provenance

# An export computes what the pool did, where ranks and alphas differ.
score() { "$skein" score --pool "$1" --router phatgoose --input $demo/data/kind/valid.jsonl.zst >"$2" 2>"$work/err" || fail "score $1"; }
printf 'kind\nhue\n' >"$work/two"
accepted export phatgoose "$work/demo" "$work/demo.pt"
accepted import phatgoose "$work/demo2" --checkpoint "$work/demo.pt" --base $demo/base --names "$work/two"
score "$work/demo" "$work/scores"
score "$work/demo2" "$work/scores2"
same "$work/scores" "$work/scores2"
finish

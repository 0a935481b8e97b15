#!/bin/sh
# Changes of a pool as its collector meets them: what a replacement keeps, texts that are set, what
# embeddings become, what is said, and comparisons of a pool that changes meanwhile.
. tests/checks.sh
demo=configs/demo
pool=$work/pool

run() { "$skein" "$@" >"$work/out" 2>"$work/err"; }
# done_saying LINE NOTES ARGUMENTS: exit 0, one line on stdout that matches, so many notes on stderr.
done_saying() {
  line=$1 notes=$2
  shift 2
  run "$@"
  code=$?
  if [ $code -eq 0 ] && [ "$(wc -l <"$work/out")" -eq 1 ] && grep -q "$line" "$work/out" &&
    [ "$(wc -l <"$work/err")" -eq "$notes" ]; then pass; else fail "$*: exit $code, want '$line' and $notes notes"; fi
}
noted() { if grep -q "$1" "$work/err"; then pass; else fail "no note like '$1'"; fi; }
refused() {
  want=$1 pattern=$2
  shift 2
  before=$(sha256sum "$pool/pool.yaml")
  run "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ "$(sha256sum "$pool/pool.yaml")" = "$before" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}
# add NAME OPTIONS: the demo's expert of that name.
add() {
  name=$1
  shift
  run pool add "$pool" "$name" --adapter $demo/experts/"$name" --gate $demo/gates/"$name".safetensors "$@"
}
# entry NAME KEY: what pool.yaml says of an expert.
entry() { "$skein" pool ls "$pool" --json | sed -n "/\"name\": \"$1\"/,/}/s/.*\"$2\": \"\(.*\)\",*$/\1/p"; }

# ---- every step says in a line what it made, and where ----
done_saying "^$pool: a new pool for experts of $demo/base$" 0 pool init "$pool" --base $demo/base
done_saying "^$pool: 'kind' added, LoRA of 54 modules in experts/kind; 1 expert$" 0 pool add "$pool" kind \
  --adapter $demo/experts/kind --gate $demo/gates/kind.safetensors --instruction 'Say the kind.' --licence MIT

# ---- a pool of one expert runs with the defaults, and that is said ----
printf '{"input": "a", "choices": ["b", "c"]}\n' >"$work/items.jsonl"
for router in phatgoose glider norm arrow; do
  run score --pool "$pool" --router $router --input "$work/items.jsonl"
  code=$?
  if [ $code -eq 0 ]; then noted 'top_k: is 1, for no more experts take part'; else fail "one expert, $router: exit $code"; fi
done
refused 2 'top_k: is 2, but .* has 1 expert that takes part' score --pool "$pool" --input "$work/items.jsonl" -s top_k=2
printf '{"input": "a", "choices": ["b", "c"], "label": 0}\n' >"$work/labelled.jsonl"
task="tasks: [{name: t, file: $work/labelled.jsonl, kind: choices, metrics: accuracy}]"
echo "{pool: $pool, output: $work/eval, $task, methods: [phatgoose]}" >"$work/eval.yaml"
run eval -c "$work/eval.yaml" && noted '^method phatgoose: top_k: is 1, for no more experts take part' || fail 'eval of one expert'
echo "{pool: $pool, output: $work/eval, $task, methods: [phatgoose], axes: {top_k: [1, 2]}}" >"$work/axes.yaml"
refused 2 'top_k: is 2, but .* has 1 expert' ablate -c "$work/axes.yaml"

# ---- replacing keeps what is not given anew, and says so ----
add largest --instruction 'Say the largest.' || fail 'add largest'
done_saying "'kind' replaced, LoRA of 54 modules in experts/kind+1; 2 experts$" 1 pool add "$pool" kind \
  --adapter $demo/experts/kind --gate $demo/gates/kind.safetensors --replace
noted "'kind' keeps the instruction, the licence of the expert that it replaces"
if [ "$(entry kind instruction)" = 'Say the kind.' ] && [ "$(entry kind licence)" = MIT ]; then pass; else
  fail 'a replacement drops texts'
fi
add kind --replace --licence '' --instruction 'Name the kind.'
if [ ! -s "$work/err" ] && [ "$(entry kind instruction)" = 'Name the kind.' ] && ! grep -q MIT "$pool/pool.yaml"; then pass; else
  fail 'texts that are given with --replace'
fi
# The mean inputs are of the adapter: they stay with it, and go with it.
run train activation -s base=$demo/base -s expert=$demo/experts/kind -s data.train="$work/labelled.jsonl" -s data.target_key=input \
  -s output="$work/activation" || fail 'train activation'
add kind --replace --activation "$work/activation/activation.safetensors"
add kind --replace
noted 'keeps the instruction, the activation of the expert'
if cmp -s "$work/activation/activation.safetensors" "$pool"/experts/kind+4/activation.safetensors &&
  run pool check "$pool"; then pass; else fail 'the activation of the same adapter is lost'; fi
run pool add "$pool" kind --adapter $demo/experts/largest --gate $demo/gates/largest.safetensors --replace
noted "'kind': its activation was of the adapter that is replaced, and goes with it"
if ls "$pool"/experts/*/activation.safetensors >"$work/log" 2>&1; then fail 'the activation of another adapter'; else pass; fi
add kind --replace

# ---- set changes texts alone ----
files=$(find "$pool/experts" -type f -exec ls -il --time-style=full-iso {} +)
done_saying "^$pool: 'kind' has another licence now$" 0 pool set "$pool" kind --licence CC0-1.0
printf 'Of what kind\nis it?\n' >"$work/instruction"
done_saying "^$pool: 'kind' has another instruction now$" 0 pool set "$pool" kind --instruction "@$work/instruction"
if [ "$(entry kind instruction)" = 'Of what kind\nis it?' ] && [ "$(entry kind licence)" = CC0-1.0 ] &&
  [ "$(entry largest instruction)" = 'Say the largest.' ] &&
  [ "$(find "$pool/experts" -type f -exec ls -il --time-style=full-iso {} +)" = "$files" ]; then pass; else fail set; fi
done_saying "'kind' has these texts already; nothing is changed" 0 pool set "$pool" kind --licence CC0-1.0
refused 2 'pool set: --instruction TEXT or --licence TEXT is missing' pool set "$pool" kind
refused 2 "has no expert 'kindd'.*'kind'" pool set "$pool" kindd --licence MIT
refused 2 'pool set: takes no --gate' pool set "$pool" kind --gate x
refused 2 'licence: is not UTF-8' pool set "$pool" kind --licence "$(printf 'a\377')"
refused 3 'has no pool.yaml' pool set "$work" kind --licence MIT
echo '{"name": "kind", "instruction": "Which kind?"}' >"$work/lines"
refused 2 'want one of them' pool set "$pool" kind --instruction-file "$work/lines" --instruction x
echo '{"name": "hue", "instruction": "What hue?"}' >"$work/others"
refused 3 "others: has no instruction of the name 'kind'" pool set "$pool" kind --instruction-file "$work/others"

# ---- embeddings of earlier instructions: no run reads lexical ones, others are refused ----
run embed "$pool" || fail embed
done_saying "another instruction" 1 pool set "$pool" kind --instruction-file "$work/lines"
noted 'embeddings/lexical.*: is of other instructions than the pool.s; no run reads it'
run pool check "$pool"
code=$?
if [ $code -eq 0 ] && grep -q '^note .*lexical.*: is of other instructions' "$work/out"; then pass; else
  fail "check: lexical embeddings that no run reads: exit $code"
fi
run score --pool "$pool" --router glider --input "$work/items.jsonl" || fail 'glider without lexical embeddings of its own'
run embed "$pool" && run embed "$pool" --embedder encoder || fail 'embed again'
run pool set "$pool" kind --instruction 'What kind is it?'
noted 'kind: .*encoder-.*: is of another instruction than it has now; run .skein embed. again'
if run pool check "$pool"; [ $? -eq 4 ]; then pass; else fail 'check of encoder embeddings that runs refuse'; fi
run embed "$pool" && run embed "$pool" --embedder encoder && run pool check "$pool" || fail 'embed once more'
printf '{"kind": [1, 2], "largest": [2, 1]}' >"$work/vectors.json"
run embed "$pool" --file "$work/vectors.json" --name mine || fail 'embed mine'
sed -i 's/texts/TEXTS/' "$pool"/embeddings/mine.safetensors # as an import writes it: of texts that are not known
run pool set "$pool" kind --instruction 'Which kind is it?'
noted 'kind: .*mine.*: does not say of which instruction its row is'
rm -r "$pool/embeddings"
done_saying "^$pool: 'largest' is taken out and its files are deleted; 1 expert is left$" 0 pool rm "$pool" largest

# ---- import and export end in such a line ----
add largest || fail 'add largest'
run pool export glider "$pool" "$work/glider" && [ "$(tail -n 1 "$work/out")" = "$work/glider: the 2 experts of $pool, as glider has them" ] && pass ||
  fail export
run pool import glider "$work/again" --directory "$work/glider" --base $demo/base &&
  [ "$(tail -n 1 "$work/out")" = "$work/again: a new pool of 2 experts" ] && pass || fail import
run pool export peft "$pool" "$work/peft" --json && ! grep -v '^[ {}"]' "$work/out" | grep -q '[a-z]' && pass || fail 'export --json'

# ---- diff exits as diff does ----
cp -R "$pool" "$work/before"
run pool diff "$work/before" "$pool"
if [ $? -eq 0 ]; then pass; else fail 'diff of equal pools'; fi
run pool set "$pool" kind --licence other
run pool diff "$work/before" "$pool"
if [ $? -eq 1 ] && [ ! -s "$work/err" ] && grep -q '^  kind *licence' "$work/out"; then pass; else fail 'diff of different pools'; fi
run pool diff "$work/before" "$work/nowhere"
if is_refusal $? 3 'nowhere'; then pass; else fail 'diff of no pool'; fi
if [ -w /dev/full ]; then
  "$skein" pool diff "$work/before" "$pool" >/dev/full 2>"$work/err"
  if [ $? -eq 2 ] && grep -q 'standard output cannot be written' "$work/err"; then pass; else fail 'a diff that is not printed'; fi
fi

# ---- diff of a pool that changes sees the old one or a new one ----
# An expert comes and goes, behind others that take a while to compare.
pool=$work/changing
"$skein" pool init "$pool" --base $demo/base >"$work/log"
part() { # GATE: the expert `part` is that one
  "$skein" pool add "$pool" part --adapter $demo/experts/"$1" --gate $demo/gates/"$1".safetensors --instruction "$1"
}
expert() { "$skein" pool add "$pool" "$1" --adapter $demo/experts/"$2" --gate $demo/gates/"$2".safetensors --replace; }
for name in a b c d e f g h; do expert $name hue; done >"$work/log"
part twice >"$work/log" && cp -R "$pool" "$work/first"
for name in a b c d e f g h; do expert $name member; done >"$work/log"
cp -R "$pool" "$work/twice"
"$skein" pool rm "$pool" part >"$work/log" && cp -R "$pool" "$work/none"
part topic >"$work/log" && cp -R "$pool" "$work/topic" && "$skein" pool rm "$pool" part >"$work/log"
shown() { "$skein" pool diff "$work/first" "$1" 2>"$work/err" | sed '/^after /d' | sha256sum; }
for state in twice none topic; do shown "$work/$state"; done >"$work/states"
if [ "$(sort -u "$work/states" | wc -l)" -eq 3 ]; then pass; else fail 'states that look alike'; fi
(for round in 1 2 3 4 5 6; do
  for gate in twice topic; do part $gate && "$skein" pool rm "$pool" part; done
done) >"$work/log" 2>&1 &
odd=0 reads=0
while kill -0 $! 2>/dev/null || [ $reads -lt 3 ]; do
  reads=$((reads + 1))
  seen=$(shown "$pool")
  if ! grep -qF "$seen" "$work/states"; then odd=$((odd + 1)); fi
done
wait
if [ $odd -eq 0 ]; then pass; else fail "$odd of $reads comparisons saw a third state"; fi

finish

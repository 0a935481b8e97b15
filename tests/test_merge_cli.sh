#!/bin/sh
# `skein pool merge` as a collector meets it, on the demo's experts and gates.
. tests/checks.sh
demo=configs/demo
pool=$work/pool

"$skein" pool init "$pool" --base "$demo/base" >/dev/null
for name in hue kind largest; do
  "$skein" pool add "$pool" $name --adapter "$demo/experts/$name" \
    --gate "$demo/gates/$name.safetensors" >/dev/null || fail "add $name"
done

merge() { "$skein" pool merge "$pool" "$@" >"$work/out" 2>"$work/err"; }

# merged NAME ARGUMENTS: a new directory of that name, nothing said on stderr.
merged() {
  name=$1
  shift
  merge -o "$work/$name" "$@"
  code=$?
  if [ $code -eq 0 ] && [ ! -s "$work/err" ] && [ -f "$work/$name/merge.json" ] &&
    [ -z "$(find "$work" -maxdepth 1 -name '.*.new')" ]; then pass; else fail "$*: exit $code"; fi
}

# refused CODE PATTERN ARGUMENTS: one line that matches, and no directory.
refused() {
  want=$1 pattern=$2
  shift 2
  merge -o "$work/no" "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/no" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}

# says PATTERN FILE
says() { if grep -q -- "$1" "$2"; then pass; else fail "no '$1' in $2"; fi; }

for method in cat linear svd ties dare-linear dare-ties magnitude tsv iso; do
  merged $method --method $method
  says "^method  *$method\$" "$work/out"
done

# The record says of what, and how.
says '"merge.method": "svd"' "$work/svd/merge.json"
says '"weight": "1 / n of n experts that cover a module"' "$work/svd/merge.json"
says "$(sha256sum <"$demo/experts/hue/adapter_model.safetensors" | cut -d ' ' -f 1)" "$work/svd/merge.json"
merged weighed --method ties --weights hue=1,kind=0.5,largest=-0.25 --density 0.1 --rank 4 --json
says '"weight": -0.25' "$work/weighed/merge.json"
says '"merge.density": "0.1"' "$work/weighed/merge.json"
says '"rank_most": 4' "$work/out"
says '"lost": 0[.][0-9]*[1-9]' "$work/out"

# What seeds and pools do not say changes no byte.
merged again --method dare-ties
check 'the same merge has the same bytes' cmp "$work/dare-ties/adapter_model.safetensors" "$work/again/adapter_model.safetensors"
merged seed --method dare-ties --seed 1
if cmp -s "$work/seed/adapter_model.safetensors" "$work/again/adapter_model.safetensors"; then fail 'a seed'; else pass; fi

# One expert is itself, and what is merged is an adapter that a pool takes.
merged one --method linear --experts hue
says '^experts  *hue$' "$work/out"
ok shown inspect "$work/one"
shows shown 'rank  *8$'
shows shown 'non finite  *0$'
merged peft --method linear --compat peft
if cmp -s "$work/linear/adapter_model.safetensors" "$work/peft/adapter_model.safetensors"; then
  fail 'cross terms'
else pass; fi

# As a router the same merges.
printf '{"input": "red", "target": "green"}\n' >"$work/items"
ok ties.out generate --pool "$pool" --router merged -s merge.method=ties --input "$work/items"
ok base.out generate --pool "$pool" --router base --input "$work/items"

refused 2 "'ties' *.*--method\|--method.*tie" --method tie
refused 2 'merge.weights: names no weight of expert' --weights hue=1
refused 2 'density: is nothing to linear' --method linear --density 0.5
refused 2 'seed: is nothing to ties' --method ties --seed 5
refused 2 'merge.rank: cat has the rank of its factors' --rank 4
refused 2 'PEFT has no merge like iso' --method iso --compat peft
refused 2 'nobody' --experts hue,nobody
refused 2 "'hue' is named twice" --experts hue,hue
mkdir "$work/there" && : >"$work/there/file"
merge -o "$work/there"
is_refusal $? 2 'is there already' && pass || fail 'an output that is there'
"$skein" pool merge "$pool" >"$work/out" 2>"$work/err"
is_refusal $? 2 'output DIR is missing' && pass || fail 'no output'

finish

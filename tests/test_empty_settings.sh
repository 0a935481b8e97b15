#!/bin/sh
# Every setting of every command with a value that is none: it is taken or refused in one line that
# says what is meant; nothing crashes, nothing prints a text that is not there.
. tests/checks.sh
demo=$PWD/configs/demo skein=$(realpath "$skein")
cd "$work" || exit 1

for word in chair dog rose; do
  echo "{\"input\": \"word: $word. say its kind.\", \"target\": \"animal\", \"choices\": [\"animal\", \"plant\"], \"label\": 0}"
done >"$work/items.jsonl"
"$skein" pool init "$work/pool" --base $demo/base >/dev/null
for name in kind hue; do
  "$skein" pool add "$work/pool" $name --adapter $demo/experts/$name --gate $demo/gates/$name.safetensors \
    --instruction "This is $name." >/dev/null
done

# keys TITLE COMMAND [TYPES]: the settings that the help lists under a title, those of some types.
keys() {
  "$skein" help "$2" | sed -n "/^$1:/,/^\$/p" | sed -En "s/^  ([a-z][a-z_.0-9]*): .*\((${3-.*})[,)].*/\1/p"
}
texts='text|path|list'

# sane WHAT COMMAND...: exit 0, 2, 3 or 4; but for 0 one line; no "(null)".
sane() {
  what=$1
  shift
  timeout 60 "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  case $code in
    0) good=true ;;
    2 | 3 | 4) if [ "$(grep -c '^skein: error: ' "$work/err")" -eq 1 ]; then good=true; else good=false; fi ;;
    *) good=false ;;
  esac
  if $good && ! grep -q '(null)' "$work/out" "$work/err"; then pass; else fail "$what: exit $code"; fi
}

# each_spelling RUN TITLE COMMAND: calls RUN KEY TEXT with ways to write nothing in YAML: all of them for
# the first setting of each type, and the two that every type takes in its own way for the others.
each_spelling() {
  listed=$(keys "$2" "$3")
  if [ "$(echo "$listed" | wc -l)" -ge 4 ]; then pass; else fail "$2: no settings are listed"; fi
  for type in text path list; do
    for key in $(keys "$2" "$3" $type | head -n 1); do
      for text in '""' null '~' '{}' '[""]' '","' '" "'; do "$1" "$key" "$text"; done
    done
  done
  for key in $listed; do
    for text in '' '[]'; do "$1" "$key" "$text"; done
  done
}

# ---- training ----

cat >"$work/run.yaml" <<EOF
data.train: $work/items.jsonl
output: $work/run
threads: 1
EOF
train_one() {
  { grep -v "^$1:" "$work/run.yaml"; grep -v "^$1:" "$work/parts.yaml"; echo "$1: $2"; } >"$work/one.yaml"
  # shellcheck disable=SC2086 # --dry-run or nothing
  sane "train $kind, $1: $2" train $kind -c "$work/one.yaml" $dry
}
for kind in gate lora base gates activation; do
  dry=--dry-run
  case $kind in
    gate) printf 'base: %s\nexpert: %s\n' $demo/base $demo/experts/kind ;;
    gates) printf 'pool: %s\ngates.experts: kind\n' "$work/pool" ;;
    activation) printf 'base: %s\nexpert: %s\n' $demo/base $demo/experts/kind ;;
    lora) printf 'base: %s\n' $demo/base ;;
    base) printf 'model.tokenizer: %s\n' $demo/base ;;
  esac >"$work/parts.yaml"
  [ $kind = activation ] && dry=
  each_spelling train_one "Settings of train $kind" train
  for key in $(keys "Settings of train $kind" train "$texts"); do
    cat "$work/run.yaml" "$work/parts.yaml" >"$work/one.yaml"
    # shellcheck disable=SC2086 # --dry-run or nothing
    sane "train $kind -s $key=" train $kind -c "$work/one.yaml" -s "$key=" $dry
  done
done

# ---- evaluations ----

eval_one() {
  {
    echo "output: $work/eval"
    echo "limit: 1"
    echo "bootstrap.samples: 2"
    echo "threads: 1"
    echo "pool: $work/pool"
  } | grep -v "^$1:" >"$work/one.yaml"
  printf '%s: %s\ntasks: [{name: k, file: %s}]\nmethods: [phatgoose]\n' "$1" "$2" "$work/items.jsonl" >>"$work/one.yaml"
  sane "eval, $1: $2" eval -c "$work/one.yaml" --dry-run
}
task_one() {
  name='name: k,' file="file: $work/items.jsonl,"
  [ "$1" = name ] && name=
  [ "$1" = file ] && file=
  printf 'output: %s\npool: %s\ntasks: [{%s %s "%s": %s}]\nmethods: [phatgoose]\n' "$work/eval" "$work/pool" \
    "$name" "$file" "$1" "$2" >"$work/one.yaml"
  sane "eval, task, $1: $2" eval -c "$work/one.yaml" --dry-run
}
method_one() {
  printf 'output: %s\npool: %s\ntasks: [{name: k, file: %s}]\nmethods: [{name: m, "%s": %s}]\n' "$work/eval" \
    "$work/pool" "$work/items.jsonl" "$1" "$2" >"$work/one.yaml"
  sane "eval, method, $1: $2" eval -c "$work/one.yaml" --dry-run
  sane "score -s $1=" score --pool "$work/pool" --router phatgoose --input "$work/items.jsonl" \
    -o "$work/scores" -s "$1="
}
axis_one() {
  printf 'output: %s\npool: %s\ntasks: [{name: k, file: %s}]\nmethods: [phatgoose]\naxes: {"%s": [%s]}\n' \
    "$work/eval" "$work/pool" "$work/items.jsonl" "$1" "$2" >"$work/one.yaml"
  sane "ablate, $1: [$2]" ablate -c "$work/one.yaml" --dry-run
}
each_spelling eval_one Settings eval
each_spelling task_one 'Of a task' eval
each_spelling method_one 'Of a method, besides its name' eval
each_spelling axis_one 'Of a method, besides its name' eval
eval_one limit 1
if [ $code -eq 0 ]; then pass; else fail 'what is not empty is refused'; fi

finish

#!/bin/sh
# `skein instruct` as a user meets it, with no endpoint, or with one that shows a wrong certificate.
. tests/checks.sh

out=$work/new.jsonl
for i in 1 2 3 4 5; do
  echo "{\"input\": \"what is a thing $i?\", \"choices\": [\"this\", \"that\"], \"label\": $((i % 2))}"
done >"$work/a.jsonl"

# ask ARGUMENTS: a run for one name, in full but for what the arguments say.
ask() {
  "$skein" instruct --model m --input "a=$work/a.jsonl" --output "$out" --tries 1 "$@" \
    >"$work/out" 2>"$work/err"
}

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, and no file.
refused() {
  want=$1 pattern=$2
  shift 2
  ask "$@"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ -z "$(ls "$work" | grep new)" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
  fi
}
shows() { if grep -q -- "$1" "$work/out"; then pass; else fail "no '$1'"; fi; }

# ---- what is refused before anything is sent ----
refused 2 '--endpoint URL is missing'
refused 2 'password' --endpoint http://me:word@127.0.0.1/v1
refused 2 "'NAME' of the environment is not set" --endpoint http://127.0.0.1:1/v1 --key-env NAME
refused 2 'want NAME=FILE' --endpoint http://127.0.0.1:1/v1 --input b
refused 2 "'a' is given twice" --endpoint http://127.0.0.1:1/v1 --input "a=$work/a.jsonl"
refused 2 'another machine.*--share-examples' --endpoint https://192.0.2.1/v1
refused 2 '--embed-model' --endpoint http://127.0.0.1:1/v1 --embedder endpoint --repeat 2
refused 3 'nothing.jsonl' --endpoint http://127.0.0.1:1/v1 --input "b=$work/nothing.jsonl"
echo 'Say it.' >"$work/template"
refused 3 '{examples} once' --endpoint http://127.0.0.1:1/v1 --template "$work/template"

# ---- a dry run ----
SECRET=sk-1234567890 ask --endpoint https://192.0.2.1/v1 --key-env SECRET --seed 3 --repeat 2 \
  --dry-run
code=$?
if [ $code -eq 0 ] && [ ! -e "$out" ] && [ ! -e "$out.cache" ] && [ ! -e "$out.lock" ]; then pass; else
  fail "--dry-run: exit $code"
fi
shows '192.0.2.1 is another machine'
shows 'key: of the variable SECRET'
shows 'a, sample 1, to 192.0.2.1: [0-9]* bytes, about [0-9]* tokens; items [0-4], [0-4], [0-4] of .*/a.jsonl'
shows '{"input":"what is a thing [1-5]?","output":"th[aist]*"}'
shows '"seed": 4'
shows '2 questions, 2 to be asked'
if grep -q 1234567890 "$work/out" "$work/err"; then fail 'the key is shown'; else pass; fi

# ---- answers that are kept: nobody is asked ----
golden=tests/golden/instruct
known() {
  "$skein" instruct --endpoint http://127.0.0.1:1/v1 --model m --tries 1 --examples 9 --repeat 2 \
    --template $golden/prompt.txt --input one=$golden/one.jsonl --input two=$golden/two.jsonl \
    --output "$work/known.jsonl" "$@" >"$work/out" 2>"$work/err"
}
cp $golden/answers.jsonl "$work/known.jsonl.cache"
check 'asking nobody' known
check 'the answers that are kept' cmp $golden/answers.jsonl "$work/known.jsonl"
shows '^embedder  *lexical-1-'
check 'an encoder of sentences' known --embedder tests/golden/sentence/bert --embed-prefix 'the '
shows '^embedder  *sentence-1-'
shows '^encoder  *tests/golden/sentence/bert'
for wrong in '--embedder nowhere' '--embedder precomputed' '--embed-prefix a' '--base b' '--embed-model m'; do
  # shellcheck disable=SC2086 # two words
  known $wrong
  code=$?
  if is_refusal $code 2 'instruct: --'; then pass; else fail "$wrong: exit $code"; fi
done

# ---- nobody there, and somebody else ----
refused 5 '127.0.0.1:1/v1/chat/completions: .*tried 1 time' --endpoint http://127.0.0.1:1/v1

if command -v openssl >/dev/null; then
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/certificate" -days 2 \
    -subj /CN=localhost >/dev/null 2>&1
  port=$((20000 + $$ % 20000))
  openssl s_server -accept "127.0.0.1:$port" -key "$work/key" -cert "$work/certificate" -www \
    >"$work/server" 2>&1 &
  server=$!
  if wait_for $server grep -q ACCEPT "$work/server"; then
    refused 5 'certificate' --endpoint "https://127.0.0.1:$port/v1"
  fi
  kill $server
fi
finish

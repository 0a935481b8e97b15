#!/bin/sh
# `skein trace` as a user meets it, on three experts of the demo: its numbers against those that other
# commands leave of the same run, and what is refused.
. tests/checks.sh
. tests/demo_pool.sh
cross=decoder.block.1.layer.1.EncDecAttention.k
own=decoder.block.2.layer.2.DenseReluDense.wo
cat >"$work/items.jsonl" <<'END'
{"id": "one", "input": "which is the highest price: the plane for three, the deer for one?", "choices": ["three", "one"]}
{"id": "two", "input": "name the colour of </script> cabbage", "target": "green"}
END
run="--pool $work/pool --input $work/items.jsonl"

# shellcheck disable=SC2086 # $run is four words
{
  # What there is to see.
  ok all trace $run --router phatgoose
  shows all '^item  *one$'
  shows all "^  $q  *prompt  *3$"
  shows all "^  $cross  *prompt  *3$"
  shows all "^  $own  *continuation  *3$"
  shows all '^  *3  ▁highest$'
  shows all '^local  *LN(u)·LN(v)/√d'
  ok module trace $run --router phatgoose --module $q
  shows module '^  *3  ▁highest  *[a-z]* 0\.[0-9]*, [a-z]* 0\.[0-9]*$'
  ok token trace $run --router phatgoose --token 0
  shows token "^  $q  *prompt  *▁which  *[a-z]* 0\.[0-9]*, [a-z]* 0\.[0-9]*$"

  # The terms of a token: sums are sums, the softmax is of them, the chosen are the first, and their
  # weights are the softmax over the chosen.
  ok terms trace $run --router glider -s global.scale=5 --instruction 'Find the largest.' \
    --module $q --token 3 --json
  for key in local global sum softmax choice weight; do column $key <"$work/terms" >"$work/$key"; done
  # shellcheck disable=SC2016 # of awk
  check 'sum, softmax and weights' sh -c "paste '$work/local' '$work/global' '$work/sum' '$work/softmax' '$work/weight' |
    awk 'function off(a, b) { return a - b > 1e-6 || b - a > 1e-6 }
      { if (off(\$1 + \$2, \$3)) bad = 1; e[NR] = exp(\$3); s[NR] = \$4; w[NR] = \$5; total += e[NR] }
      END {
        for (i = 1; i <= 3; i++) if (off(e[i] / total, s[i])) bad = 1
        chosen = s[1] + s[2] + 1e-6
        exit bad || NR != 3 || off(w[1], s[1] / chosen) || off(w[2], s[2] / chosen) || w[3] != 0
      }'"
  check 'the first is chosen first' [ "$(head -n 1 "$work/choice")" = 1 ]
  # The global term is the scale times the cosine by which suggest ranks.
  head -n 1 "$work/items.jsonl" >"$work/one.jsonl"
  ok cosine suggest "$work/pool" --input "$work/one.jsonl" --by instructions --instruction 'Find the largest.' --json
  column cosine <"$work/cosine" | sort -g >"$work/cosines"
  # shellcheck disable=SC2016 # of awk
  check 'global is scale times cosine' sh -c "sort -g '$work/global' | paste - '$work/cosines' |
    awk '{ d = \$1 - 5 * \$2; if (d > 1e-6 || d < -1e-6) bad = 1 } END { exit bad || NR != 3 }'"

  # The weights are those of the run: their mean over tokens is what score --stats counts.
  ok scores score --pool "$work/pool" --input "$work/one.jsonl" --router arrow -s arrow.mode=glider \
    --stats "$work/stats"
  tokens=$("$skein" trace $run --router arrow --module $q 2>/dev/null | grep -c '^  *[0-9][0-9]*  ')
  t=0
  while [ $t -lt "$tokens" ]; do
    "$skein" trace $run --router arrow -s arrow.mode=glider --module $q --token $t --json 2>/dev/null
    t=$((t + 1))
  done | awk '/"expert":/ { name = $2 } /"softmax":/ { sum[name] += $2 }
    END { for (n in sum) print n, sum[n] }' | sort >"$work/means"
  # the first module of the statistics, the experts in the order of the pool
  awk '/"weight"/ { at = 1; next } at && /\]/ { exit } at { gsub(/[ ,]/, ""); print }' "$work/stats" \
    >"$work/weights"
  # shellcheck disable=SC2016 # of awk
  check 'as score --stats' sh -c "awk -v tokens=$tokens 'NR == FNR { want[NR] = \$1; next }
    { place = \$1 ~ /largest/ ? 1 : \$1 ~ /hue/ ? 2 : 3; d = \$2 / tokens - want[place]
      if (d > 1e-6 || d < -1e-6) bad = 1 }
    END { exit bad || FNR != 3 }' '$work/weights' '$work/means'"

  # Another item, which has no choices, so that a text is made; tokens of the continuation.
  ok text trace $run --router norm --item two --module $own --token 0
  shows text '^output  '
  shows text '^of  *continuation$'
  if grep -q ' global  ' "$work/text"; then fail 'norm has no global term'; else pass; fi
  ok filter trace $run --router norm -s norm.prefilter=1 -s top_k=1 --module $q --token 0
  shows filter '^left out before  *[a-z]*, [a-z]*$'
  # A router that scores nothing shows its weights.
  ok near trace $run --router retrieval --module $q --token 0
  shows near '^terms  *none: this router scores no token'
  shows near '^  [a-z]*  *1  *1  *1$'

  # The page: whole, alone, and nothing of the item is a part of it.
  ok page trace $run --router phatgoose --item two --html "$work/page.html"
  check 'a page' grep -q '^<!doctype html>' "$work/page.html"
  check 'the end of the page' grep -q '^</html>' "$work/page.html"
  check 'texts stay texts' [ "$(grep -c '</script>' "$work/page.html")" -eq 2 ]
  if grep -qE 'https?:|src=|href=|TRACE_DATA' "$work/page.html"; then
    fail 'the page needs something else'
  else pass; fi
  if command -v node >/dev/null; then
    sed -n '/^.use strict/,/^<.script>/p' "$work/page.html" | sed '$d' >"$work/page.js"
    check 'the script can be read' node --check "$work/page.js"
  fi

  # What is refused.
  refused 2 '--pool: is required' trace --input "$work/items.jsonl"
  refused 2 '--input: is required' trace --pool "$work/pool"
  refused 2 "--item: .*/items.jsonl has no item 'three'; the first of 2 are 'one', 'two'" trace $run --item three
  refused 2 "no module 'encoder.block.0.layer.0.SelfAttention.x'.*did you mean '$q'" trace $run --module encoder.block.0.layer.0.SelfAttention.x
  refused 2 "--token: 'three' is not the number of a token" trace $run --token three
  refused 2 '--token: got 99, want 0 to ' trace $run --module $q --token 99 --html "$work/o"
  refused 2 'router: merged routes no token' trace $run --router merged --html "$work/o"
  refused 2 'router: merged routes no token' trace $run --router merged --module $q
  refused 2 "router: not one of .*'phatgose'" trace $run --router phatgose
  refused 1 'nowhere/o' trace $run --html "$work/nowhere/o"
}

finish

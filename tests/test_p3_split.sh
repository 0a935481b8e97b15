#!/bin/sh
# p3-split: rows of one instance stay together, classifications get their label sets, the same files
# give the same bytes. On made-up rows whose instance is known, and on real ones where SKEIN_DATA
# names a folder that has t0/.
. tests/checks.sh
split=${P3_SPLIT:-$(dirname "$skein")/p3-split}

exits() {
  want=$1
  shift
  "$split" "$@"
  [ $? -eq "$want" ]
}

# 40 instances in four templates; an instance's words, such as i07w3, are in no other. "review" and
# "decide" show the text, "title" gives its first words, "write" swaps what is asked and answered.
# "star" asks for one of 40 answers, "rare" for one of two of which one is given once.
mkdir "$work/in"
awk 'BEGIN {
  for (i = 0; i < 40; i++) {
    text = ""
    for (w = 0; w < 12; w++) text = text (w ? (w % 3 ? " " : ", the ") : "") sprintf("i%02dw%d", i, w)
    title = sprintf("I%02dw0 i%02dw1 i%02dw2: i%02dw3", i, i, i, i)
    row("review", "Is this the good one? " text " Say so.", i % 3 ? "Yes" : "No")
    row("decide", "Read it first. " text " Was it liked or not?", i % 3 ? "liked" : "not liked")
    row("title", "What is the title of: " text "?", title)
    row("write", "Write the text under the title: " title, text)
    row("star", "How many of them are there in " text "?", "about " i)
    row("rare", "Which of the two is it: " text "?", i ? "one" : "other")
    row("mute", "Nothing is said of " text, " ")
  }
}
function row(template, input, target) {
  printf "{\"template\": \"%s\", \"input\": \"%s\", \"target\": \"%s\"}\n", template, input, target
}' >"$work/in/made.jsonl"
# One instance has many of the rows, the others are alone.
awk 'BEGIN {
  for (i = 0; i < 55; i++)
    printf "{\"template\": \"ask\", \"input\": \"a%d b%d c%d d%d\", \"target\": \"yes\"}\n", i, i, i, i
  for (i = 0; i < 45; i++)
    printf "{\"template\": \"ask\", \"input\": \"one long shared passage, then q%d\", \"target\": \"no\"}\n", i
}' >"$work/in/skewed.jsonl"

check 'splits' exits 0 --in "$work/in" --out "$work/one"
check 'splits again' exits 0 --in "$work/in" --out "$work/two"
check 'the same bytes' diff -r "$work/one" "$work/two"

made=$work/one/made
# instances FILE: the instances that a file's rows are made of
instances() { grep -oiE 'i[0-9]{2}w' "$1" | tr I i | sort -u; }
apart() {
  instances "$1" >"$work/a" && instances "$2" >"$work/b" && [ -s "$work/a" ] && [ -s "$work/b" ] &&
    [ -z "$(comm -12 "$work/a" "$work/b")" ]
}
check 'train and test' apart "$made/train.jsonl" "$made/test.jsonl"
check 'train and valid' apart "$made/train.jsonl" "$made/valid.jsonl"
check 'valid and test' apart "$made/valid.jsonl" "$made/test.jsonl"
lines_are() { [ "$(cat "$made/$1.jsonl" | wc -l)" -eq "$2" ]; }
# 40 instances of 6 rows; the seventh has no target.
check 'rows of train' lines_are train 168
check 'rows of valid' lines_are valid 24
check 'rows of test' lines_are test 48
numbers() { cat "$made"/*.jsonl | grep -o '"instance": [0-9]*' | sort -u | wc -l; }
check 'each instance has one number' [ "$(numbers)" -eq 40 ]

# with TEMPLATE CHOICES: every row of the template has these choices; none has none.
with() {
  cat "$made"/*.jsonl | grep "\"template\": \"$1\"" >"$work/rows"
  [ "$(wc -l <"$work/rows")" -eq 40 ] || return 1
  if [ "$2" = none ]; then ! grep '"choices"' "$work/rows"; else
    ! grep -vF "\"choices\": $2, \"label\": " "$work/rows"
  fi
}
check 'labels of review' with review '["No", "Yes"]'
check 'labels of decide' with decide '["liked", "not liked"]'
check 'no labels of title' with title none
check 'no labels of write' with write none
check 'no labels of star' with star none
check 'no labels of rare' with rare none
# right TARGET LABEL: rows with that target have that label, and there are some.
right() {
  cat "$made"/*.jsonl | grep "\"target\": \"$1\"" | grep -o '"label": [0-9]*' | sort -u >"$work/rows"
  [ "$(cat "$work/rows")" = "\"label\": $2" ]
}
check 'label of No' right No 0
check 'label of Yes' right Yes 1
check 'label of not liked' right 'not liked' 1

# The large instance fits neither small part.
large_only_in_train() {
  grep -c 'long shared passage' "$work/one/skewed/train.jsonl" | grep -qx 45 &&
    [ "$(wc -l <"$work/one/skewed/test.jsonl")" -eq 20 ] &&
    [ "$(wc -l <"$work/one/skewed/valid.jsonl")" -eq 10 ]
}
check 'a large instance' large_only_in_train

base_is_all() {
  [ "$(wc -l <"$work/one/base$1.jsonl")" -eq "$(cat "$work"/one/*/"$2".jsonl | wc -l)" ]
}
check 'the base reads every training row' base_is_all '' train
check 'the base is validated on every validation row' base_is_all -valid valid

check 'no arguments' exits 2
check 'an unknown option' exits 2 --in "$work/in" --out "$work/x" --colour
check 'a missing folder' exits 3 --in "$work/none" --out "$work/x"
mkdir "$work/empty" "$work/bad"
check 'an empty folder' exits 3 --in "$work/empty" --out "$work/x"
echo '{"template": "a", "input": "b"}' >"$work/bad/a.jsonl"
bad_row() {
  "$split" --in "$work/bad" --out "$work/x" 2>"$work/err"
  [ $? -eq 3 ] && grep -q '^p3-split: .*a.jsonl.*line 1.*target' "$work/err"
}
check 'a row without target' bad_row
nothing_of() { [ -z "$(find "$1" -type f 2>/dev/null)" ]; }
check 'and nothing is written' nothing_of "$work/x"

# Real rows, of sets that word each text in several templates: no eight successive words of a test
# row are in a training row of another template. Runs of more than 30 rows are the wording that
# templates share.
shared_runs() {
  sed -nE 's/^\{"input": "(.*)", "target": "(.*)", "task": "[^"]*", "template": "([^"]*)".*/\3\t\1\n\3\t\2/p' \
    "$1/train.jsonl" >"$work/train"
  sed -nE 's/^\{"input": "(.*)", "target": "(.*)", "task": "[^"]*", "template": "([^"]*)".*/\3\t\1\n\3\t\2/p' \
    "$1/test.jsonl" >"$work/test"
  awk -F'\t' '
    {
      count = split(tolower($2), word, /(\\n|[^a-z0-9])+/)
      for (i = 1; i + 7 <= count; i++) {
        run = word[i]
        for (k = 1; k < 8; k++) run = run " " word[i + k]
        rows[run]++
        if (NR != FNR) tested[run] = $1
        else if (!(run in seen)) seen[run] = $1
        else if (seen[run] != $1) seen[run] = "several"
      }
    }
    END {
      for (run in tested)
        if ((run in seen) && seen[run] != tested[run] && rows[run] <= 30) {
          print tested[run] ": " run
          shared++
        }
      print length(tested) " runs"
      exit shared > 0 || length(tested) < 1000
    }' "$work/train" "$work/test"
}
if [ -d "${SKEIN_DATA:-}/t0" ]; then
  check 'splits real sets' exits 0 --in "$SKEIN_DATA/t0" --out "$work/real"
  for set in ag_news gigaword samsum yelp_review_full; do
    check "$set: no text in both parts" shared_runs "$work/real/$set"
  done
fi

finish

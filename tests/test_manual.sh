#!/bin/sh
# What the program says of itself by its tables: manual pages and the words that shells complete.
. tests/checks.sh

run() { "$skein" "$@" >"$work/out" 2>"$work/err"; }
commands=$("$skein" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')

# ---- manual pages ----
run manual --list
if [ "$(sort "$work/out")" = "$( (echo skein.1 && for c in $commands; do echo "skein-$c.1"; done) | sort)" ]; then pass; else
  fail 'a command without a manual page'
fi
run manual -o "$work/man"
if [ "$(ls "$work/man" | sort)" = "$("$skein" manual --list | sort)" ]; then pass; else fail 'manual -o'; fi
for page in "$work"/man/*.1; do
  name=${page##*/skein}
  name=${name%.1}
  run manual ${name#-}
  if cmp -s "$page" "$work/out" && [ "$(grep -c '^\.SH "*NAME' "$page")" -eq 1 ] &&
    grep -q "^skein${name:+\\\\}$name"' \\- ' "$page"; then pass; else fail "manual ${name#-}"; fi
done
# Every word of the help is on the page, whatever roff takes for its own.
words() { tr 'A-Z' 'a-z' | tr -s ' \n' '\n' | sed 's/:$//' | LC_ALL=C sort -u; }
if command -v groff >/dev/null; then
  for c in $commands; do
    groff -ww -man -Tascii -P-cbou -rHY=0 -rLL=3000n "$work/man/skein-$c.1" 2>"$work/err" | words >"$work/shown"
    "$skein" help "$c" | sed "1s/^skein $c: //; s/^Usage: *//" | words >"$work/said"
    lost=$(LC_ALL=C comm -23 "$work/said" "$work/shown" | paste -s -d ' ' -)
    if [ ! -s "$work/err" ] && [ -z "$lost" ]; then pass; else fail "skein-$c.1 lacks of the help: $lost"; fi
  done
fi
run manual nothing
if is_refusal $? 2 "unknown command 'nothing'"; then pass; else fail 'the manual of nothing'; fi
run manual -o "$skein"
if is_refusal $? 1 ''; then pass; else fail 'manual pages into a file'; fi

# Settings are those of the verb that is asked about, or of all.
run help train ia3
if [ "$(grep '^Settings' "$work/out")" = 'Settings of train ia3:' ]; then pass; else fail 'help train ia3'; fi
run train lora --help
if [ "$(grep '^Settings' "$work/out")" = 'Settings of train lora:' ]; then pass; else fail 'train lora --help'; fi
run train --help
if [ "$(grep -c '^Settings' "$work/out")" -eq 6 ]; then pass; else fail 'train --help'; fi

# ---- words ----
# offered WANT WORD...: the words that may stand in place of the last, in one line; what they are left out.
offered() {
  want=$1
  shift
  run completion words -- "$@"
  code=$?
  got=$(cut -f 1 "$work/out" | paste -s -d ' ' -)
  if [ $code -eq 0 ] && [ "$got" = "$want" ] && [ ! -s "$work/err" ]; then pass; else fail "words -- $*: '$got', want '$want'"; fi
}
# has WORD WORD...: one of them is the first.
has() {
  want=$1
  shift
  run completion words -- "$@"
  if cut -f 1 "$work/out" | grep -qxF -e "$want"; then pass; else fail "words -- $* lacks $want"; fi
}
offered "$(echo $commands) help" ''
offered 'score' sc
offered "$("$skein" pool x 2>&1 | sed 's/.*none of //; s/,//g')" pool ''
offered "$("$skein" train x 2>&1 | sed "s/.*it is //; s/,//g; s/ or / /")" train ''
offered "$("$skein" plot x 2>&1 | sed "s/.*it is //; s/,//g; s/ or / /")" plot ''
offered 'train gate score generate embed' bench ''
offered 'phatgoose glider peft' pool export ''
offered ':files' pool export peft ''
offered '--base --gates --instruction --instruction-file --licence --replace --help' pool set goose boolq --
offered '--base' plot pool --task x --b
offered '--json' pool ls --base ls --js # an option's value is no operand
offered ':files' pool add goose boolq --adapter ''
offered ':files' score --input ''
offered '' score --threads ''
offered 'lexical encoder precomputed endpoint :files' embed pool --embedder ''
offered '--dtype=bf16' bench train --dtype=b
offered 'glider' score --router gl
has merged-factors score --router ''
has recipe= train gate -s ''
offered 'train.steps=' train gate -s train.st
offered 'recipe=phatgoose' train gate -s recipe=ph
offered '--set=recipe=phatgoose' train gate --set=recipe=ph
offered 'train.recompute=true train.recompute=false' train gate -s train.recompute=
offered ':files' train gate -s base=
has model.shape= train base --set ''
offered 'global.scale=' generate -s global.sc
offered 'limit=' eval -c eval.yaml -s li
offered 'embed eval' help e
offered 'activation' help train a
offered '' nothing ''
offered ':files' inspect ''
for c in $commands; do # whatever a command takes is offered
  "$skein" help "$c" | grep -o '^  *\(-[a-z], \)*--[a-z0-9-]*' | grep -o -e '--.*' | sort -u >"$work/options"
  : >"$work/offered"
  for verb in '' $("$skein" completion words -- "$c" '' | cut -f 1 | grep -v '^:'); do
    "$skein" completion words -- "$c" $verb -- | cut -f 1 >>"$work/offered"
  done
  lost=$(grep -vxFf "$work/offered" "$work/options" | paste -s -d ' ' -)
  if [ -z "$lost" ]; then pass; else fail "$c: is not offered: $lost"; fi
done
run completion tcsh
if is_refusal $? 2 "'tcsh' is none of bash, zsh, fish"; then pass; else fail 'completion tcsh'; fi
run completion
if is_refusal $? 2 'bash, zsh or fish is missing'; then pass; else fail 'completion of no shell'; fi

# ---- shells ----
case $skein in /*) program=$skein ;; *) program=$PWD/$skein ;; esac
mkdir "$work/bin" && ln -s "$program" "$work/bin/skein"
# in_bash LINE: what bash has in COMPREPLY behind it.
in_bash() {
  PATH=$work/bin:$PATH bash --norc -c '
    . <(skein completion bash)
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$'\'' \t\n"'\''\''"'\''\''><=;|&(:'\''
    compopt() { :; }
    _skein
    printf "%s\n" "${COMPREPLY[@]}"' bash "$1" 2>"$work/err" | paste -s -d ' ' -
}
# completes WANT LINE
completes() {
  got=$(in_bash "$2")
  if [ "$got" = "$1" ] && [ ! -s "$work/err" ]; then pass; else fail "bash: '$2': '$got', want '$1'"; fi
}
if command -v bash >/dev/null; then
  completes 'score' 'skein sco'
  completes 'phatgoose glider' 'skein pool import '
  completes '--licence' 'skein pool set goose boolq --l'
  completes 'phatgoose' 'skein train gate -s recipe=ph' # behind a '=' bash wants the rest alone
  completes 'train.steps=' 'skein train gate -s train.ste'
  completes '' 'skein score --input '
  completes 'lexical' 'skein embed "a pool" --embedder lex'
  completes '' 'skein no such command '
  completes 'score' "$work/bin/skein sco"
fi
if command -v zsh >/dev/null; then check 'zsh reads its script' zsh -n -c "$("$skein" completion zsh)"; fi
if command -v fish >/dev/null; then
  "$skein" completion fish >"$work/skein.fish"
  check 'fish reads its script' fish -n "$work/skein.fish"
  got=$(PATH=$work/bin:$PATH fish --no-config -c "source $work/skein.fish; complete -C 'skein pool import g'" | cut -f 1)
  if [ "$got" = glider ]; then pass; else fail "fish: '$got'"; fi
fi

finish

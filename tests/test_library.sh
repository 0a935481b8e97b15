#!/bin/sh
# libskein.so as another program meets it: installed, found by pkg-config, and its results those of the
# commands.
. tests/checks.sh
demo=$PWD/configs/demo
library=${skein%/*}/libskein.so.0
cc=${CC:-cc}

# ---- what it shows is what its header names ----
declared=$(sed -n 's/^SKEIN_EXPORT .*[ *]\(skein_[a-z_]*\)(.*/\1/p' infer/library/skein.h | LC_ALL=C sort)
exported=$(nm -D --defined-only "$library" | awk '$2 ~ /[TDRV]/ { print $3 }' | LC_ALL=C sort)
if [ -n "$declared" ] && [ "$declared" = "$exported" ]; then pass; else fail "exported: $exported; declared: $declared"; fi
check 'it has a name of its own' sh -c "objdump -p '$library' | grep -q 'SONAME *libskein.so.0'"
check 'the header is C' $cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c infer/library/skein.h
check 'the header is C++' c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ infer/library/skein.h

# A sanitizer wants to be there before all else: programs that do not know it cannot load the library,
# and those of another processor cannot be linked here.
if nm -D "$library" | grep -q __asan_ || ! $cc -o "$work/probe" -x c - -x none "$library" <<'END' 2>/dev/null; then
int main(void) { return 0; }
END
  finish
  exit
fi

# ---- programs that use it ----
prefix="$work/my tools"
PREFIX=$prefix sh tools/install "$skein" "$library" >"$work/out" 2>"$work/err" || fail install
for program in ask use; do
  if command -v pkg-config >/dev/null; then
    flags=$(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs skein) || fail pkg-config
    # pkg-config escapes for a shell.
    eval "check \"$program builds\" $cc -std=gnu11 -Wall -Wextra -Werror -pthread -o \"$work/$program\" tests/library/$program.c $flags"
  else
    check "$program builds" $cc -std=gnu11 -pthread -o "$work/$program" tests/library/$program.c -I"$prefix/include" -L"$prefix/lib" -lskein
  fi
done
export LD_LIBRARY_PATH="$prefix/lib"

"$skein" pool init "$work/pool" --base "$demo/base" >"$work/log" || fail 'a pool'
for name in largest hue shorten; do
  "$skein" pool add "$work/pool" $name --adapter "$demo/experts/$name" --gate "$demo/gates/$name.safetensors" \
    --instruction "@$demo/experts/$name/instruction.txt" >"$work/log" || fail "expert $name"
done
input='which is the highest price: the plane for three, the deer for one?'
printf '{"input": "%s", "choices": ["three", "one"]}\n' "$input" >"$work/items.jsonl"
run="--pool $work/pool --router phatgoose --input $work/items.jsonl"

# shellcheck disable=SC2086 # $run is six words
{
  "$work/ask" "$work/pool" "$input" three one >"$work/out" 2>"$work/err" || fail ask
  asked=$(awk '{ print $(NF - 1) }' "$work/out" | paste -s -d ,)
  scored=$("$skein" score $run 2>/dev/null | sed 's/.*"scores":\[\([^]]*\)\].*/\1/')
  if [ -n "$asked" ] && [ "$asked" = "$scored" ]; then pass; else fail "scores: $asked, of the command $scored"; fi
  if grep -q '^\*' "$work/out" && [ ! -s "$work/err" ]; then pass; else fail 'what it says'; fi

  "$work/use" "$work/pool" phatgoose "$input" >"$work/used" 2>"$work/err" || fail use
  text=$("$skein" generate $run --max-output 8 2>/dev/null | sed 's/.*"text":"\([^"]*\)".*/\1/; s/.*"output":"\([^"]*\)".*/\1/')
  if [ "$(sed -n 's/^text //p' "$work/used")" = "$text" ]; then pass; else fail "the text, of the command: $text"; fi
  for at in encoder.block.0.layer.0.SelfAttention.q:3 decoder.block.1.layer.1.EncDecAttention.k:0; do
    module=${at%:*} token=${at#*:}
    went=$(awk -v m="$module" -v t="$token" '$1 == "visit" && $2 == m && $3 == t { printf "%.6f\n", $NF }' "$work/used" | sort)
    traced=$("$skein" trace $run --module "$module" --token "$token" --json 2>/dev/null |
      sed -n 's/^ *"weight": \([0-9.e+-]*\),\{0,1\}$/\1/p' | awk '$1 > 0 { printf "%.6f\n", $1 }' | sort)
    if [ -n "$went" ] && [ "$went" = "$traced" ]; then pass; else fail "$at goes to $went, of trace $traced"; fi
  done
}
if [ "$(sed -n 's/^expert //p' "$work/used" | paste -s -d ' ')" = 'largest hue shorten' ]; then pass; else fail 'experts'; fi
if grep -q '^visit .* 3 ▁highest ' "$work/used"; then pass; else fail 'pieces'; fi
# Two handles in two threads find the same.
if [ "$(grep -c '^thread' "$work/used")" -eq 2 ] && [ "$(grep '^thread' "$work/used" | sort -u | wc -l)" -eq 1 ]; then pass; else fail 'threads'; fi

# Errors are those of the commands, and nobody else hears of them.
sed -n 's/^error //p' "$work/used" >"$work/errors"
while read -r want; do
  if grep -q -e "$want" "$work/errors"; then pass; else fail "no error like '$want' among: $(cat "$work/errors")"; fi
done <<'END'
^2 base and pool are NULL; want one of them$
^2 .*router.*phatgoose
^2 .*topk.*top_k
^3 /nowhere
^2 item 0: choices: there are none
^2 item 0: input: is NULL
^unheard, gone
END
if [ ! -s "$work/err" ]; then pass; else fail 'the library speaks'; fi

# A base alone, and routers that visit nobody.
"$work/use" "$work/pool" base "$input" >"$work/used" 2>"$work/err"
if [ $? -eq 0 ] && ! grep -q '^visit' "$work/used"; then pass; else fail 'the plain base'; fi

finish

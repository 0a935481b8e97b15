# demo_pool.sh: three experts of the demo as a pool, $work/pool, and what scripts that ask it of
# numbers and refusals share.
demo=$PWD/configs/demo
q=encoder.block.0.layer.0.SelfAttention.q

# refused CODE PATTERN ARGUMENTS: that exit code, one line that matches, nothing written.
refused() {
  want=$1 pattern=$2
  shift 2
  "$skein" "$@" >"$work/out" 2>"$work/err"
  code=$?
  if is_refusal $code "$want" "$pattern" && [ ! -e "$work/o" ]; then pass; else
    fail "$*: exit $code, want $want and '$pattern'"
    rm -f "$work/o"
  fi
}

# column KEY: the numbers of one key of the experts in the JSON on stdin.
column() { sed -n "s/^ *\"$1\": \(-\{0,1\}[0-9.e+-]*\),\{0,1\}\$/\1/p"; }

ok made pool init "$work/pool" --base "$demo/base"
for name in largest hue shorten; do
  ok made pool add "$work/pool" $name --adapter "$demo/experts/$name" \
    --gate "$demo/gates/$name.safetensors" --instruction "@$demo/experts/$name/instruction.txt"
done

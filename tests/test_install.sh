#!/bin/sh
# `make install` and `make uninstall` into folders of any name, and the package.
. tests/checks.sh
build=${skein%/*}

# make_for GOAL VARIABLE...: the goal with the program as it is.
make_for() { make -s -o "$build/skein" -o "$build/libskein.so.0" "$@" BUILD="$build" >"$work/out" 2>"$work/err"; }
pages=$("$skein" manual --list)
wanted=$( (for page in $pages; do echo "share/man/man1/$page"; done && printf '%s\n' bin/skein include/skein.h \
  lib/libskein.so lib/libskein.so.0 lib/pkgconfig/skein.pc \
  share/bash-completion/completions/skein share/zsh/site-functions/_skein share/fish/vendor_completions.d/skein.fish) | LC_ALL=C sort)

files() { (cd "$1" && find . ! -type d | sed 's:^\./::' | LC_ALL=C sort); }

home="$work/a home's \"dir\""
mkdir "$home"
for prefix in "$home/my tools" "$home/;\`y\`&"; do
  make_for install PREFIX="$prefix"
  code=$?
  if [ $code -eq 0 ] && [ "$(files "$prefix")" = "$wanted" ] && [ "$(wc -l <"$work/out")" -eq 1 ] && cmp -s "$skein" "$prefix/bin/skein" &&
    [ "$("$prefix/bin/skein" --version)" = "$("$skein" --version)" ]; then pass; else fail "install into $prefix: exit $code"; fi
  echo mine >"$prefix/share/man/man1/skein-mine.1"
  make_for install PREFIX="$prefix" || fail 'install again'
  make_for uninstall PREFIX="$prefix"
  code=$?
  if [ $code -eq 0 ] && [ "$(files "$prefix")" = share/man/man1/skein-mine.1 ]; then pass; else fail "uninstall: exit $code"; fi
  make_for uninstall PREFIX="$prefix"
  if [ $? -ne 0 ] && grep -q "uninstall: there is no $prefix/bin/skein\|uninstall: there is no " "$work/err"; then pass; else fail 'uninstall of nothing'; fi
done

# DESTDIR stands before PREFIX, and the home of a tilde is that of who installs.
make_for install DESTDIR="$work/a stage" PREFIX=/opt/skein
if [ "$(files "$work/a stage/opt/skein")" = "$wanted" ] && [ "$(ls "$work/a stage")" = opt ]; then pass; else fail DESTDIR; fi
make_for uninstall DESTDIR="$work/a stage" PREFIX=/opt/skein
if [ -z "$(files "$work/a stage")" ]; then pass; else fail 'uninstall with DESTDIR'; fi
HOME=$home make_for install PREFIX='~/.local'
if [ "$(files "$home/.local")" = "$wanted" ]; then pass; else fail 'a tilde'; fi

# A place that cannot be written, and a program that does not run, leave nothing half done.
echo file >"$work/file"
make_for install PREFIX="$work/file"
if [ $? -ne 0 ] && [ "$(cat "$work/file")" = file ]; then pass; else fail 'install into a file'; fi
printf '#!/bin/sh\nexit 1\n' >"$work/broken" && chmod +x "$work/broken"
if PREFIX=$work/none sh tools/install "$work/broken" "$build/libskein.so.0" >"$work/out" 2>"$work/err"; then fail 'a program that does not run'; else
  if [ ! -e "$work/none" ] && grep -q 'does not run here' "$work/err"; then pass; else fail 'what does not run is installed'; fi
fi

# ---- the package ----
if command -v dpkg-shlibdeps >/dev/null && command -v strip >/dev/null && [ "$(head -c 4 "$skein" | tail -c 3)" = ELF ]; then
  for try in first second; do
    sh tools/deb "$skein" "$build/libskein.so.0" "$work/$try" >"$work/out" 2>"$work/err" || fail "deb: $try"
  done
  package=$(echo "$work"/first/skein_*.deb)
  if cmp -s "$package" "$work/second/${package##*/}"; then pass; else fail 'the same tree makes another package'; fi
  dpkg-deb -f "$package" >"$work/out"
  if grep -q '^Depends: .*libc6 .*libjansson4 .*libopenblas0.*libsentencepiece0.*libyaml-0-2' "$work/out" && grep -q '^Version: [0-9]' "$work/out"; then pass; else
    fail 'what the package depends on'
  fi
  dpkg-deb -x "$package" "$work/root"
  if [ "$("$work/root/usr/bin/skein" --version)" = "$("$skein" --version)" ] && gunzip -t "$work"/root/usr/share/man/man1/*.gz &&
    [ "$(ls "$work"/root/usr/share/man/man1 | wc -l)" -eq "$(echo "$pages" | wc -l)" ] &&
    [ -e "$work/root/usr/share/zsh/vendor-completions/_skein" ] && grep -q '^License: Expat' "$work/root/usr/share/doc/skein/copyright" &&
    ! dpkg-deb -c "$package" | grep -v ' root/root '; then pass; else fail 'what is in the package'; fi
  if grep -rlF "$PWD" "$work/root" >"$work/log"; then fail 'a package that knows where it was made'; else pass; fi
fi

# ---- bootstrap knows the goals ----
# One that lacks something names its packages.
mkdir "$work/bare"
for tool in sh cat dirname sed awk cut tr; do ln -s "$(command -v $tool)" "$work/bare/$tool"; done
lacks=$(PATH=$work/bare sh tools/bootstrap --missing deb 2>&1)
case $lacks in 'skein needs: '*libopenblas-dev*' dpkg-dev '*) pass ;; *) fail "bootstrap --missing deb: $lacks" ;; esac
mkdir "$work/stub"
printf '#!/bin/sh\necho "$@"\n' >"$work/stub/make" && chmod +x "$work/stub/make"
goals=$(PATH=$work/stub:$PATH sh tools/bootstrap build --no-install 2>&1)
case $goals in -j*' all') pass ;; *) fail "bootstrap build asks make for: $goals" ;; esac

finish

#include <string.h>

#include "tools/manual/completion.h"

/* bash cuts words at '=', too, and wants what is behind the last one: the words are cut from the
 * line again. Where nothing is offered it completes names of files by itself. */
static const char bash[] =
    "# bash completion for skein; skein completion bash prints it\n"
    "_skein() {\n"
    "  local line=${COMP_LINE:0:COMP_POINT} words word answer\n"
    "  read -r -a words <<<\"$line\"\n"
    "  case $line in *[[:space:]]) words+=('') ;; esac\n"
    "  local at=${words[-1]}\n"
    "  COMPREPLY=()\n"
    "  answer=$(\"${words[0]/#\\~\\//$HOME/}\" completion words -- \"${words[@]:1}\" 2>/dev/null) "
    "||\n"
    "    return\n"
    "  while IFS= read -r word; do\n"
    "    case $word in\n"
    "      '' | :files) ;;\n"
    "      *) word=${word%%$'\\t'*} && COMPREPLY+=(\"${word#\"${at%\"${at##*=}\"}\"}\") ;;\n"
    "    esac\n"
    "  done <<<\"$answer\"\n"
    "  case ${COMPREPLY[0]-} in *=) compopt -o nospace ;; esac\n"
    "}\n"
    "complete -o default -F _skein skein\n";

static const char zsh[] =
    "#compdef skein\n"
    "# zsh completion for skein; skein completion zsh prints it\n"
    "_skein() {\n"
    "  local line word\n"
    "  local -a answer open whole\n"
    "  answer=(\"${(@f)$(\"${(Q)words[1]/#\\~\\//$HOME/}\" completion words -- \\\n"
    "    \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "  for line in $answer; do\n"
    "    word=${line%%$'\\t'*}\n"
    "    case $word in\n"
    "      :files) ;;\n"
    "      *=) open+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "      *) whole+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "    esac\n"
    "  done\n"
    "  (( $#whole )) && _describe 'skein' whole\n"
    "  (( $#open )) && _describe 'setting' open -S ''\n"
    "  if (( ${answer[(I):files]} )); then\n"
    "    compset -P '*='\n"
    "    _files\n"
    "  fi\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _skein ]; then _skein \"$@\"; else compdef _skein skein; fi\n";

static const char fish[] =
    "# fish completion for skein; skein completion fish prints it\n"
    "function __skein_words\n"
    "  set -l words (commandline -opc)\n"
    "  set -l at (commandline -ct)\n"
    "  set -l program (string replace -r '^~/' \"$HOME/\" -- $words[1])\n"
    "  for line in ($program completion words -- $words[2..-1] \"$at\" 2>/dev/null)\n"
    "    if test \"$line\" = :files\n"
    "      set -l key (string match -r '^.*=' -- \"$at\")\n"
    "      for path in (__fish_complete_path (string replace -r '^.*=' '' -- \"$at\"))\n"
    "        echo \"$key$path\"\n"
    "      end\n"
    "    else\n"
    "      echo $line\n"
    "    end\n"
    "  end\n"
    "end\n"
    "complete -c skein -f -a '(__skein_words)'\n";

const char *completion_script(const char *shell) {
  if (strcmp(shell, "bash") == 0) return bash;
  if (strcmp(shell, "zsh") == 0) return zsh;
  return strcmp(shell, "fish") == 0 ? fish : NULL;
}

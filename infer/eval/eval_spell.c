#include "infer/eval/eval_spell.h"

#include "autograd/ground/visible.h"

/* By the character: how it is spelt where it would mean something; NULL: as it is. */
static const char *const MARKDOWN[VISIBLE_ASCII] = {
    ['\\'] = "\\\\", ['`'] = "\\`", ['*'] = "\\*", ['_'] = "\\_", ['|'] = "\\|", ['['] = "\\[",
    [']'] = "\\]",   ['<'] = "\\<", ['>'] = "\\>", ['&'] = "\\&", ['~'] = "\\~", ['$'] = "\\$",
};
static const char *const LATEX[VISIBLE_ASCII] = {
    ['\\'] = "\\textbackslash{}",
    ['^'] = "\\textasciicircum{}",
    ['~'] = "\\textasciitilde{}",
    ['_'] = "\\_",
    ['&'] = "\\&",
    ['%'] = "\\%",
    ['#'] = "\\#",
    ['$'] = "\\$",
    ['{'] = "\\{",
    ['}'] = "\\}",
    ['['] = "{[}",
    [']'] = "{]}",
    ['*'] = "{*}",
};

void markdown_put(FILE *out, const char *text) {
  visible_spell(out, text, MARKDOWN);
}

void latex_put(FILE *out, const char *text) {
  visible_spell(out, text, LATEX);
}

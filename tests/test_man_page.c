/* Pages of man(7) that are made of help: its parts, and what roff would take for its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/text_stream.h"
#include "tools/manual/man_page.h"

static const char HELP[] =
    "demo odd: say what is odd\n"
    "\n"
    "Examples:\n"
    "  demo odd 'a\\b' ~/c\n"
    "\n"
    "Usage: demo odd FILE\n"
    "           [-o FILE]\n"
    "\n"
    "  -o, --output FILE   where it goes,\n"
    "                      whole\n"
    "      --quick\n"
    "  a table  as it is\n"
    "\n"
    ".hidden files and 'quoted' ones count, as \"a-b\" and `c^d` do.\n"
    "'Twas said.\n"
    "\n"
    "Settings:\n"
    "  odd.rate: 0.5  (number, 0 to 1)\n"
    "      share that is odd\n";

static const char PAGE[] =
    ".TH DEMO-ODD 1 \"\" \"demo 1.0\\-x\"\n"
    ".SH NAME\n"
    "demo\\-odd \\- say what is odd\n"
    ".SH \"SYNOPSIS\"\n"
    ".nf\n"
    "demo odd FILE\n"
    "    [\\-o FILE]\n"
    ".fi\n"
    ".SH \"DESCRIPTION\"\n"
    ".PP\n"
    "say what is odd\n"
    ".TP\n"
    ".B \\-o, \\-\\-output FILE\n"
    "where it goes,\n"
    "whole\n"
    ".TP\n"
    ".B \\-\\-quick\n"
    ".PP\n"
    ".nf\n"
    "  a table  as it is\n"
    ".fi\n"
    ".PP\n"
    "\\&.hidden files and \\(aqquoted\\(aq ones count, as \\(dqa\\-b\\(dq and \\(gac\\(had\\(ga "
    "do.\n"
    "\\&\\(aqTwas said.\n"
    ".SH \"SETTINGS\"\n"
    ".TP\n"
    ".B odd.rate: 0.5  (number, 0 to 1)\n"
    "share that is odd\n"
    ".SH \"EXAMPLES\"\n"
    ".PP\n"
    ".nf\n"
    "  demo odd \\(aqa\\(rsb\\(aq \\(ti/c\n"
    ".fi\n";

static void every_part_has_its_form(void **state) {
  (void)state;
  TextStream page;
  assert_true(text_stream_open(&page));
  man_page_write(&(ManPage){"demo-odd", "say what is odd", "demo", "1.0-x"}, HELP, page.out);
  char *text = text_stream_close(&page);
  assert_non_null(text);
  assert_string_equal(text, PAGE);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_part_has_its_form)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
